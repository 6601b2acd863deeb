/** The result of `readPlain` for bytes that only the full decoder can read. */
export const notPlain = Symbol('not plain');

/** A Buffer of at least this many bytes is not copied if it fills most of the memory under the bytes. */
const large = 32 * 1024;

/**
 * Reads the bytes that `PlainWriter` writes, in one walk. All other bytes, including malformed ones, are left to the full decoder. A Buffer
 * gets memory of its own, unless it is large and fills most of the memory under `bytes`: then it takes over that memory.
 *
 * @returns the value, or `notPlain`.
 */
export function readPlain(bytes: Buffer): unknown {
  const end = bytes.length;
  if (end === 0) return notPlain;
  const token = bytes[0]!;
  if (token >= 0x90 && token < 0xa0) return readArray(bytes, token & 0x0f);
  if (token >= 0x80 && token < 0x90) return readRecord(bytes, token & 0x0f);
  position = 0;
  const value = readPrimitive(bytes);
  return position === end ? value : notPlain;
}

/** The current position of the walk; beyond the end as soon as something is not plain. */
let position = 0;

function readArray(bytes: Buffer, count: number): unknown {
  const items: unknown[] = [];
  position = 1;
  for (let i = 0; i < count; i++) items.push(readPrimitive(bytes));
  return position === bytes.length ? items : notPlain;
}

function readRecord(bytes: Buffer, count: number): unknown {
  const record: Record<string, unknown> = {};
  position = 1;
  for (let i = 0; i < count; i++) {
    const key = readPrimitive(bytes);
    // The other side is not trusted.
    if (typeof key !== 'string' || key === '__proto__') return notPlain;
    record[key] = readPrimitive(bytes);
  }
  return position === bytes.length ? record : notPlain;
}

function readPrimitive(bytes: Buffer): unknown {
  const at = position;
  const left = bytes.length - at;
  if (left <= 0) return fail();
  const token = bytes[at]!;
  if (token < 0x80) {
    position = at + 1;
    return token;
  }
  if (token >= 0xa0 && token < 0xc0) return readText(bytes, at + 1, token & 0x1f);
  switch (token) {
    case 0xc0:
      position = at + 1;
      return null;
    case 0xc2:
    case 0xc3:
      position = at + 1;
      return token === 0xc3;
    case 0xc5:
      return left >= 3 ? readBytes(bytes, at + 3, bytes.readUInt16BE(at + 1)) : fail();
    case 0xc6:
      return left >= 5 ? readBytes(bytes, at + 5, bytes.readUInt32BE(at + 1)) : fail();
    case 0xcb:
      position = at + 9;
      return left >= 9 ? bytes.readDoubleBE(at + 1) : fail();
    case 0xcc:
      position = at + 2;
      return left >= 2 ? bytes[at + 1] : fail();
    case 0xcd:
      position = at + 3;
      return left >= 3 ? bytes.readUInt16BE(at + 1) : fail();
    case 0xce:
      position = at + 5;
      return left >= 5 ? bytes.readUInt32BE(at + 1) : fail();
    case 0xd4:
      position = at + 3;
      return left >= 3 && bytes[at + 1] === 0 && bytes[at + 2] === 0 ? undefined : fail();
    case 0xda:
      return left >= 3 ? readText(bytes, at + 3, bytes.readUInt16BE(at + 1)) : fail();
    default:
      return fail();
  }
}

function readText(bytes: Buffer, start: number, length: number): unknown {
  position = start + length;
  if (position > bytes.length) return fail();
  // Most texts are short ASCII. Building those here is cheaper than a call into the engine.
  if (length > 16) return bytes.toString('utf8', start, position);
  let text = '';
  for (let at = start; at < position; at++) {
    const byte = bytes[at]!;
    if (byte > 0x7f) return bytes.toString('utf8', start, position);
    text += String.fromCharCode(byte);
  }
  return text;
}

function readBytes(bytes: Buffer, start: number, length: number): unknown {
  position = start + length;
  if (position > bytes.length) return fail();
  // A Buffer that keeps much unused memory alive would cost more than the copy.
  if (length >= large && length * 2 >= bytes.buffer.byteLength) return bytes.subarray(start, position);
  const own = Buffer.allocUnsafe(length);
  bytes.copy(own, 0, start, position);
  return own;
}

function fail(): undefined {
  position = Infinity;
  return undefined;
}
