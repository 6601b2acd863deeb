import { describe, expect, it } from 'vitest';
import { Histogram, quantileOf } from './histogram.js';

describe('Histogram', () => {
  it('counts a value in the first bucket whose bound it does not exceed', () => {
    const histogram = new Histogram([1, 10]);
    for (const value of [0, 1, 1.5, 10, 11]) histogram.observe(value);
    expect(histogram.numbers).toEqual({ bounds: [1, 10], counts: [2, 2, 1], sum: 23.5 });
  });
});

describe('quantileOf', () => {
  it.each([
    [0, 0],
    [0.25, 5],
    [0.5, 10],
    [0.75, 15],
    [1, 20],
  ])('returns %d of evenly spread values as %d', (share, value) => {
    expect(quantileOf({ bounds: [10, 20], counts: [2, 2, 0], sum: 0 }, share)).toBe(value);
  });

  it('returns the highest bound for values above all bounds', () => {
    expect(quantileOf({ bounds: [10], counts: [0, 3], sum: 0 }, 0.5)).toBe(10);
  });

  it('returns undefined without values', () => {
    expect(quantileOf({ bounds: [10], counts: [0, 0], sum: 0 }, 0.5)).toBeUndefined();
  });
});
