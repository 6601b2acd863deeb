/** Lends buffers, and takes them back when they are no longer needed. */
export interface Memory {
  /** At least `length` bytes, with any content. */
  take(length: number): Buffer;
  /** Nothing reads `bytes` from now on. */
  giveBack(bytes: Uint8Array): void;
}

/** New memory for each buffer. */
const freshMemory: Memory = { take: (length) => Buffer.allocUnsafe(length), giveBack: () => {} };

/** The other end sent bytes that break the protocol. It ends the session and nothing else. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/**
 * Reads protobuf fields from untrusted bytes: it never reads past its end, and throws a `Violation` where the bytes are
 * not protobuf. Blobs are views into the given bytes.
 */
export class ProtoReader {
  readonly bytes: Buffer;
  at: number;
  end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  /** An unsigned integer up to 2^53; also reads a field's tag. */
  varint(): number {
    if (this.at >= this.end) throw new Violation('a field is cut off');
    const first = this.bytes[this.at++]!;
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let unit = 128;
    for (let length = 2; length <= 8; length++) {
      if (this.at >= this.end) throw new Violation('a number is cut off');
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      unit *= 128;
    }
    throw new Violation('a number is larger than 2^53');
  }

  bool(): boolean {
    return this.varint() !== 0;
  }

  double(): number {
    if (this.at + 8 > this.end) throw new Violation('a number is cut off');
    const value = this.bytes.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  string(): string {
    const start = this.#skipLength();
    return this.bytes.toString('utf8', start, this.at);
  }

  blob(): Buffer {
    const start = this.#skipLength();
    return this.bytes.subarray(start, this.at);
  }

  /** The length of an embedded message. Its fields are read next, up to `at` plus that length. */
  length(): number {
    const length = this.varint();
    if (length > this.end - this.at) throw new Violation('a field is longer than its message');
    return length;
  }

  /** Skips a field that this version does not know. */
  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        // Ten bytes are the longest varint; its value does not matter here.
        for (let length = 0; ; length++) {
          if (this.at >= this.end || length === 10) throw new Violation('a number is cut off');
          if (this.bytes[this.at++]! < 0x80) return;
        }
      case 1:
        return this.#skipBytes(8);
      case 2:
        this.#skipLength();
        return;
      case 5:
        return this.#skipBytes(4);
      default:
        throw new Violation(`wire type ${tag & 7} does not exist`);
    }
  }

  #skipBytes(length: number): void {
    if (length > this.end - this.at) throw new Violation('a field is cut off');
    this.at += length;
  }

  #skipLength(): number {
    const length = this.length();
    const start = this.at;
    this.at = start + length;
    return start;
  }
}

/** A text of at most this many characters is written here, because a call of Node's encoder takes longer. Its length fits into one byte. */
const shortText = 48;

/**
 * Writes protobuf fields (https://protobuf.dev/programming-guides/encoding/) into one growing buffer. Field numbers come
 * as tags, `number << 3 | wire type`, so that each write site shows both.
 *
 * No other code uses its buffer: the content of `bytes` may be kept and sent without a copy. Buffers come from `memory`.
 */
export class ProtoWriter {
  bytes: Buffer;
  at: number;
  readonly #memory: Memory;

  /** Leaves `front` bytes free at the start, for a header that is known last. */
  constructor(room: number, front = 0, memory = freshMemory) {
    this.#memory = memory;
    this.bytes = memory.take(room + front);
    this.at = front;
  }

  /** Makes room for `length` more bytes. All methods but `varint` and `raw` call it. */
  reserve(length: number): void {
    const needed = this.at + length;
    if (needed <= this.bytes.length) return;
    const grown = this.#memory.take(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.at);
    this.#memory.giveBack(this.bytes);
    this.bytes = grown;
  }

  /** An unsigned integer up to 2^53. The caller has reserved 10 bytes. */
  varint(value: number): void {
    const bytes = this.bytes;
    let at = this.at;
    while (value > 0x7f) {
      bytes[at++] = (value & 0x7f) | 0x80;
      // The bit operators see 32 bits only.
      value = value < 0x80000000 ? value >>> 7 : Math.floor(value / 128);
    }
    bytes[at++] = value;
    this.at = at;
  }

  /** A field of wire type 0 or 1, left out when it has its default, as proto3 does. */
  uint(tag: number, value: number): void {
    if (value === 0) return;
    this.reserve(20);
    this.varint(tag);
    this.varint(value);
  }

  bool(tag: number, value: boolean): void {
    if (!value) return;
    this.reserve(11);
    this.varint(tag);
    this.bytes[this.at++] = 1;
  }

  double(tag: number, value: number): void {
    if (value === 0) return;
    this.reserve(18);
    this.varint(tag);
    this.at = this.bytes.writeDoubleLE(value, this.at);
  }

  string(tag: number, value: string): void {
    if (value.length <= shortText && this.#ascii(tag, value)) return;
    const length = Buffer.byteLength(value);
    this.reserve(length + 20);
    this.varint(tag);
    this.varint(length);
    this.bytes.write(value, this.at, length, 'utf8');
    this.at += length;
  }

  /** Writes a short ASCII text. Writes nothing and returns false when a character is not ASCII. */
  #ascii(tag: number, value: string): boolean {
    this.reserve(shortText + 11);
    const start = this.at;
    this.varint(tag);
    const bytes = this.bytes;
    let at = this.at;
    bytes[at++] = value.length;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) {
        this.at = start;
        return false;
      }
      bytes[at++] = code;
    }
    this.at = at;
    return true;
  }

  blob(tag: number, value: Uint8Array): void {
    this.reserve(value.length + 20);
    this.varint(tag);
    this.varint(value.length);
    this.raw(value);
  }

  /** Bytes as they are. The caller has reserved room for them. */
  raw(value: Uint8Array): void {
    this.bytes.set(value, this.at);
    this.at += value.length;
  }
}

/** How many bytes `varint` takes for `value`. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) length++;
  return length;
}
