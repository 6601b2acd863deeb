import { crc32, deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readPng } from './png.js';

const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const header = Buffer.from([0, 0, 0, 3, 0, 0, 0, 2, 8, 2, 0, 0, 0]);
const pixels = deflateSync(Buffer.alloc(2 * (1 + 3 * 3)));
const good = Buffer.concat([
  signature,
  chunk('IHDR', header),
  chunk('tEXt', Buffer.from('Comment\0made by hand')),
  chunk('IDAT', pixels),
  chunk('IEND'),
]);

function chunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32BE(data.length, 0);
  numbers.writeUInt32BE(crc32(typed), 4);
  return Buffer.concat([numbers.subarray(0, 4), typed, numbers.subarray(4)]);
}

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = ~copy[at]! & 0xff;
  return copy;
}

describe('readPng', () => {
  it('reads width and height', () => {
    expect(readPng(good)).toEqual({ width: 3, height: 2 });
  });

  it.each([
    ['an empty file', Buffer.alloc(0), 'no PNG signature'],
    ['a JPEG', Buffer.from([0xff, 0xd8, 0xff, 0xe0]), 'no PNG signature'],
    ['a signature alone', signature, 'no end (IEND)'],
    ['a file that is cut in a chunk', good.subarray(0, good.length - 20), 'chunk IDAT is cut off'],
    ['a file that is cut in a chunk header', good.subarray(0, good.length - 9), 'in the middle of a chunk'],
    ['a file without its last chunk', good.subarray(0, good.length - 12), 'no end (IEND)'],
    ['a flipped bit in the size', changed(good, signature.length + 11), 'checksum of its chunk IHDR'],
    ['a flipped bit in the pixels', changed(good, good.length - 20), 'checksum of its chunk IDAT'],
    ['another chunk first', Buffer.concat([signature, chunk('IDAT', pixels), chunk('IEND')]), 'begins with IDAT'],
    ['no pixels', Buffer.concat([signature, chunk('IHDR', header), chunk('IEND')]), 'no pixels'],
    ['something behind the end', Buffer.concat([good, Buffer.from('abc')]), '3 bytes follow its end'],
  ])('refuses %s', (_, bytes, reason) => {
    expect(() => readPng(bytes)).toThrow(reason);
  });
});
