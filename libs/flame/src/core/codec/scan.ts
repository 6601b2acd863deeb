import { MalformedError } from './codec.js';

/**
 * Checks MessagePack bytes without decoding them. Lengths must fit the bytes, nesting must not exceed `maxDepth`, keys must be strings, and
 * only the forms that our encoder writes may occur. Only checked bytes go to msgpackr: all code in the process shares its table of
 * extensions, which the other side could otherwise use.
 *
 * @returns whether there are marks to revive.
 * @throws {MalformedError}
 */
export function scan(bytes: Uint8Array, maxDepth: number): boolean {
  const end = bytes.length;
  // The number of items left to read in each enclosing container. A map is stored as -1 - left.
  const around: number[] = [];
  let at = 0;
  let left = 1;
  let inMap = false;
  let opened = false;
  let marks = false;
  for (;;) {
    while (left === 0) {
      const outer = around.pop();
      if (outer === undefined) {
        if (at !== end) fail('bytes after the value', at);
        return marks;
      }
      inMap = outer < 0;
      left = inMap ? -1 - outer : outer;
    }
    if (at >= end) fail('the bytes end early', at);
    const token = bytes[at++]!;
    left--;
    const first = opened;
    opened = false;
    if (inMap && (left & 1) === 1 && !isString(token)) fail('a key that is not a string', at - 1);

    if (token < 0x80 || token >= 0xe0) continue;
    let skip = 0;
    let items = -1;
    let map = false;
    if (token < 0x90) [items, map] = [(token & 0x0f) * 2, true];
    else if (token < 0xa0) items = token & 0x0f;
    else if (token < 0xc0) skip = token & 0x1f;
    else {
      switch (token) {
        case 0xc0:
        case 0xc2:
        case 0xc3:
          continue;
        case 0xc1:
          if (!first) fail('a mark out of place', at - 1);
          marks = true;
          continue;
        case 0xc4:
        case 0xd9:
          skip = 1 + uint(bytes, at, 1);
          break;
        case 0xc5:
        case 0xda:
          skip = 2 + uint(bytes, at, 2);
          break;
        case 0xc6:
        case 0xdb:
          skip = 4 + uint(bytes, at, 4);
          break;
        case 0xcc:
        case 0xd0:
          skip = 1;
          break;
        case 0xcd:
        case 0xd1:
          skip = 2;
          break;
        case 0xce:
        case 0xd2:
          skip = 4;
          break;
        case 0xcb:
        case 0xcf:
        case 0xd3:
          skip = 8;
          break;
        case 0xd4:
          skip = 1 + extension(bytes, at, 1);
          break;
        case 0xd6:
          skip = 1 + extension(bytes, at, 4);
          break;
        case 0xd7:
          skip = 1 + extension(bytes, at, 8);
          break;
        case 0xd8:
          skip = 1 + extension(bytes, at, 16);
          break;
        case 0xc7:
          skip = 2 + extension(bytes, at + 1, uint(bytes, at, 1));
          break;
        case 0xc8:
          skip = 3 + extension(bytes, at + 2, uint(bytes, at, 2));
          break;
        case 0xc9:
          skip = 5 + extension(bytes, at + 4, uint(bytes, at, 4));
          break;
        case 0xdc:
        case 0xdd:
        case 0xde:
        case 0xdf: {
          const size = (token & 1) === 0 ? 2 : 4;
          map = token >= 0xde;
          items = uint(bytes, at, size) * (map ? 2 : 1);
          at += size;
          break;
        }
        default:
          fail(`byte 0x${token.toString(16)}, which no encoder of ours writes`, at - 1);
      }
    }
    at += skip;
    if (items < 0) {
      if (at > end) fail('a length beyond the end', at);
      continue;
    }
    // Every item takes at least one byte.
    if (items > end - at) fail('more items than bytes', at);
    if (around.length >= maxDepth) fail(`nested deeper than ${maxDepth}`, at);
    around.push(inMap ? -1 - left : left);
    left = items;
    inMap = map;
    opened = !map && items > 0;
  }
}

/** Checks that an extension is one that our encoder writes: 0 is undefined, 0x42 a big integer, 0xff a date. Returns `length`. */
function extension(bytes: Uint8Array, at: number, length: number): number {
  const type = bytes[at];
  const ours =
    type === 0x42 ? length > 0 : type === 0xff ? length === 1 || length === 4 || length === 8 || length === 12 : type === 0 && length === 1;
  if (!ours) fail(`extension ${type} of ${length} bytes`, at);
  return length;
}

function isString(token: number): boolean {
  return (token >= 0xa0 && token < 0xc0) || (token >= 0xd9 && token <= 0xdb);
}

function uint(bytes: Uint8Array, at: number, size: number): number {
  if (at + size > bytes.length) fail('a length beyond the end', at);
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + bytes[at + i]!;
  return value;
}

function fail(what: string, at: number): never {
  throw new MalformedError(`malformed value: ${what} (at byte ${at})`);
}
