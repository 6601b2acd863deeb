/** What gRPC does with a message on its way out and in: nothing, because messages are encoded and decoded here. */
export const asIs = (message: Buffer): Buffer => message;

/** Provides buffers and takes them back for reuse. */
export interface Memory {
  /** Returns at least `length` bytes, with any content. */
  take(length: number): Buffer;
  /** Takes back `bytes`, which nothing may read from now on. */
  giveBack(bytes: Uint8Array): void;
}

/** New memory for each buffer. */
const freshMemory: Memory = { take: (length) => Buffer.allocUnsafe(length), giveBack: () => {} };

/** The other end sent bytes that break the protocol. This error ends the session and nothing else. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/**
 * Reads protobuf fields from untrusted bytes. It never reads past its end, and throws a `Violation` if the bytes are not protobuf. Blobs
 * are views into the given bytes.
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

  /** The length of an embedded message, whose fields follow. */
  length(): number {
    const length = this.varint();
    if (length > this.end - this.at) throw new Violation('a field is longer than its message');
    return length;
  }

  /** Skips a field that is unknown to this version. */
  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        // The longest varint has ten bytes. Its value does not matter here.
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

/**
 * Texts of at most this many characters are written here, because a call of Node's encoder takes longer. Such a length fits into one byte.
 */
const shortText = 48;

/**
 * Writes protobuf fields (https://protobuf.dev/programming-guides/encoding/) into one growing buffer. Field numbers are passed as tags,
 * `number << 3 | wire type`, so that each call shows both.
 *
 * No other code uses this buffer, so the content of `bytes` may be kept and sent without a copy. Buffers come from `memory`.
 */
export class ProtoWriter {
  bytes: Buffer;
  at: number;
  readonly #memory: Memory;

  /** `front` bytes at the start stay free, for a header that is written last. */
  constructor(room: number, front = 0, memory = freshMemory) {
    this.#memory = memory;
    this.bytes = memory.take(room + front);
    this.at = front;
  }

  /** Makes room for `length` more bytes. All methods except `varint` and `raw` call it. */
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
      // Bit operators use only 32 bits.
      value = value < 0x80000000 ? value >>> 7 : Math.floor(value / 128);
    }
    bytes[at++] = value;
    this.at = at;
  }

  /** Writes a field of wire type 0. As in proto3, a field with its default value is left out. */
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

  /** Writes a short ASCII text. If a character is not ASCII, writes nothing and returns false. */
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

  /** Writes bytes without a tag or length. The caller has reserved room for them. */
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
