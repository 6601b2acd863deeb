import type { Frame } from '../../libs/flame/src/core/session/frame.js';

/** A small frame with a number. */
export function numbered(id: number): Frame {
  return { type: 'progress', id, value: Buffer.from(`value ${id}`) };
}

/** A result with a payload of `size` bytes, in which the value of each byte depends on its position. */
export function large(id: number, size: number): Extract<Frame, { type: 'return' }> {
  const value = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; at++) value[at] = (at * 31 + (at >> 8)) & 0xff;
  return { type: 'return', id, value, held: false };
}

/** The numbers of frames. */
export function numbersOf(frames: readonly Frame[]): number[] {
  return frames.map((frame) => ('id' in frame ? frame.id : 0));
}

/** 1 to `count`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
