import type { SeededRandom } from '../support/seeded-random.js';
import { mutateFields } from './fields.js';

/** Numbers at which lengths, varints and tokens turn. */
const telling = [0, 1, 2, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x9f, 0xa0, 0xc0, 0xc1, 0xc4, 0xc6, 0xd4, 0xd9, 0xdc, 0xdf, 0xfe, 0xff];
/** Numbers that readers should mind: varints of 2^32, 2^53 and more, big-endian lengths, names. */
const pieces = [
  '8080808010',
  'ffffffffffffff0f',
  'ffffffffffffffffff01',
  'ffffffff',
  '7fffffff',
  '00010000',
  Buffer.from('__proto__').toString('hex'),
].map((hex) => Buffer.from(hex, 'hex'));

/** Another input, like `input` in most places, with parts of `others`. */
export function mutate(input: Buffer, others: readonly Buffer[], random: SeededRandom, longest: number): Buffer {
  const change = (content: Buffer): Buffer => once(Buffer.from(content), others, random);
  let bytes = input;
  for (let count = 1 << random.below(4); count > 0; count--)
    bytes = (random.chance(0.5) ? mutateFields(bytes, change, random) : undefined) ?? change(bytes);
  return bytes.length > longest ? bytes.subarray(0, longest) : bytes;
}

function once(bytes: Buffer<ArrayBuffer>, others: readonly Buffer[], random: SeededRandom): Buffer<ArrayBuffer> {
  const at = random.below(bytes.length + 1);
  const length = 1 + random.below(random.chance(0.8) ? 8 : 64);
  const put = (what: Uint8Array, removed: number): Buffer<ArrayBuffer> =>
    Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at + removed)]);
  switch (random.below(9)) {
    case 0:
      if (at < bytes.length) bytes[at] = bytes[at]! ^ (1 << random.below(8));
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = random.below(256);
      return bytes;
    case 2:
      if (at < bytes.length) bytes[at] = random.pick(telling);
      return bytes;
    case 3:
      if (at < bytes.length) bytes[at] = (bytes[at]! + random.below(9) - 4) & 255;
      return bytes;
    case 4:
      return put(Buffer.alloc(0), length);
    case 5:
      return put(bytes.subarray(at, at + length), 0);
    case 6:
      return put(random.pick(pieces), random.chance(0.5) ? 0 : length);
    case 7:
      return put(Buffer.from(Array.from({ length: Math.min(length, 8) }, () => random.below(256))), 0);
    default: {
      const other = random.pick(others);
      const from = random.below(other.length + 1);
      return put(other.subarray(from, from + length * 4), random.chance(0.5) ? 0 : length);
    }
  }
}
