import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.js';

const names = ['name', 'min', 'max', 'maxConcurrency', 'queueTimeout', 'handlerTimeout', 'log'];

describe('nearest', () => {
  it.each([
    ['maxConcurency', 'maxConcurrency'],
    ['maxconcurrency', 'maxConcurrency'],
    ['maxConcurrencyy', 'maxConcurrency'],
    ['mxa', 'max'],
    ['queueTimout', 'queueTimeout'],
    ['handlersTimeout', 'handlerTimeout'],
    ['concurrency', 'maxConcurrency'],
    ['timeout', undefined],
    ['size', undefined],
    ['minimum', undefined],
    ['x', undefined],
  ])('finds for %s: %s', (given, found) => {
    expect(nearest(given, names)).toBe(found);
  });
});
