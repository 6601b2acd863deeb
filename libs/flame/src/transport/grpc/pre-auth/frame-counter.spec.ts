import { describe, expect, it } from 'vitest';
import { call, flag, frame, preface, type } from '../../../../../../test/support/raw-http2.js';
import { FrameCounter } from './frame-counter.js';

const bytes = Buffer.concat([
  preface,
  call(1, '/a/B', flag.endHeaders),
  frame(type.data, 0, 1, Buffer.alloc(16_384, 1)),
  frame(type.ping, 0, 0, Buffer.alloc(8, 255)),
  frame(type.reset, 0, 1, Buffer.alloc(4)),
]);

describe('FrameCounter', () => {
  it('counts frames by their lengths, also when they arrive in pieces', () => {
    for (const size of [1, 2, 7, 100, bytes.length]) {
      const counter = new FrameCounter();
      for (let at = 0; at < bytes.length; at += size) counter.read(bytes.subarray(at, at + size));
      expect([size, counter.count]).toEqual([size, 5]);
    }
  });

  it('counts a frame as soon as it begins', () => {
    const counter = new FrameCounter();
    counter.read(bytes.subarray(0, 24));
    expect(counter.count).toBe(0);
    counter.read(bytes.subarray(24, 25));
    expect(counter.count).toBe(1);
  });
});
