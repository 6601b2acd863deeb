import { describe, expect, it } from 'vitest';
import { isPlainKey, isPlainText } from './text.js';

describe('isPlainText', () => {
  it.each([
    ['', true],
    ['text', true],
    ['a🎬b', true],
    ['a\ufeff', true],
    ['\ufefftext', false],
    ['\ud83c', false],
    ['\udfac\ud83c', false],
  ])('returns for %j: %s', (text, plain) => {
    expect(isPlainText(text)).toBe(plain);
  });
});

describe('isPlainKey', () => {
  it.each([
    ['constructor', true],
    ['__proto_', true],
    ['__proto__', false],
    ['\ud83c', false],
  ])('returns for %j: %s', (key, plain) => {
    expect(isPlainKey(key)).toBe(plain);
  });
});
