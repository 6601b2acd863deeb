/** Where buffers come from, and where they go when they are not needed any more. */
export interface Memory {
  /** At least `length` bytes, with any content. */
  take(length: number): Buffer;
  /** Nothing reads `bytes` from now on. */
  giveBack(bytes: Uint8Array): void;
}

/** New memory for each buffer. */
const freshMemory: Memory = { take: (length) => Buffer.allocUnsafe(length), giveBack: () => {} };

/** Up to so many characters a text is written in less time than it takes to call Node's encoder; its length takes a byte. */
const shortText = 48;

/**
 * Writes protobuf fields (https://protobuf.dev/programming-guides/encoding/) into one growing buffer. Field numbers come
 * as tags, `number << 3 | wire type`, so that each write site shows both.
 *
 * Its buffer is its own: what `bytes` held at the end may be kept and sent without a copy. It takes its buffers from `memory`.
 */
export class ProtoWriter {
  bytes: Buffer;
  at: number;
  readonly #memory: Memory;

  /** Leaves `front` bytes free before what is written, for a header that is known last. */
  constructor(room: number, front = 0, memory = freshMemory) {
    this.#memory = memory;
    this.bytes = memory.take(room + front);
    this.at = front;
  }

  /** Makes room for `length` more bytes; every other method but `varint` and `double` does it by itself. */
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

  /** Writes a short text. Does nothing, and says so, when it is not all of ASCII. */
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
