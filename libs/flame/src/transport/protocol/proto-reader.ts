import { Violation } from './violation.js';

/**
 * Reads protobuf fields from bytes that nobody vouches for: it never reads past its end, and throws a `Violation` on what
 * is no protobuf. Blobs are views into the bytes it was given.
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

  /** The length of an embedded message, whose fields are read next, up to `at` plus that length. */
  length(): number {
    const length = this.varint();
    if (length > this.end - this.at) throw new Violation('a field is longer than what holds it');
    return length;
  }

  /** Passes over a field that this version does not know. */
  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        // Ten bytes are the longest varint; its value does not matter here.
        for (let length = 0; ; length++) {
          if (this.at >= this.end || length === 10) throw new Violation('a number is cut off');
          if (this.bytes[this.at++]! < 0x80) return;
        }
      case 1:
        return this.#pass(8);
      case 2:
        this.#skipLength();
        return;
      case 5:
        return this.#pass(4);
      default:
        throw new Violation(`wire type ${tag & 7} does not exist`);
    }
  }

  #pass(length: number): void {
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
