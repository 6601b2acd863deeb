import { isPlainKey, isPlainText } from './text.js';

/** Room that a value is given; what is in it is bounded so that it suffices. */
const longest = 16 * 1024;
/** A larger Buffer gets memory of its own. */
const smallBuffer = 8 * 1024;
/** Memory is taken in slabs of this size: a slab costs more than what is written into it. */
const slabSize = 32 * 1024;
/** The most that a number, or the head of anything else, takes. */
const headRoom = 9;

/**
 * Writes what most calls carry: a primitive, a Buffer, or one plain array or object of primitives and at most one Buffer. Nothing in it can
 * be met twice and nothing needs a mark, so that one walk does, and a large Buffer is copied once. The bytes are MessagePack that the full
 * decoder reads just as well.
 */
export class PlainWriter {
  #slab = Buffer.allocUnsafeSlow(slabSize);
  #at = 0;
  /** The Buffer in the value: at most one, as one that is met twice needs a mark. A large one is put in last, at its place. */
  #buffer: Buffer | undefined;
  #largeAt = -1;
  readonly #allocate: (length: number) => Buffer;

  /** `allocate` gives memory for a value with a large Buffer: as many bytes or more, with any content. */
  constructor(allocate: (length: number) => Buffer = Buffer.allocUnsafeSlow) {
    this.#allocate = allocate;
  }

  /** The value's bytes, which are its own; undefined when the value is not that plain, or one of its getters throws. */
  write(value: unknown): Buffer | undefined {
    if (typeof value !== 'object' || value === null) return this.#written(this.#begin(), this.#primitive(value));
    const prototype: unknown = Object.getPrototypeOf(value);
    if (Array.isArray(value)) return prototype === Array.prototype ? this.#array(value) : undefined;
    if (prototype === Object.prototype) return this.#record(value);
    return prototype === Buffer.prototype ? this.#written(this.#begin(), this.#bytes(value as Buffer)) : undefined;
  }

  #array(value: readonly unknown[]): Buffer | undefined {
    const items = Object.values(value);
    // Holes or named properties; as many of both make up for each other, so an undefined is looked at more closely elsewhere.
    if (items.length !== value.length || items.length > 15 || value.includes(undefined)) return undefined;
    const start = this.#begin();
    this.#slab[this.#at++] = 0x90 | items.length;
    for (const item of items) if (!this.#primitive(item)) return this.#written(start, false);
    return this.#written(start, true);
  }

  #record(value: object): Buffer | undefined {
    if (Symbol.asyncIterator in value) return undefined;
    const keys = Object.keys(value);
    if (keys.length > 15) return undefined;
    let items: unknown[];
    try {
      // Before anything is written: a getter may encode something itself.
      items = Object.values(value);
    } catch {
      // The full encoder says which one threw.
      return undefined;
    }
    if (items.length !== keys.length) return undefined;
    const start = this.#begin();
    this.#slab[this.#at++] = 0x80 | keys.length;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      if (!isPlainKey(key) || !this.#string(key) || !this.#primitive(items[i])) return this.#written(start, false);
    }
    return this.#written(start, true);
  }

  /** Sees to it that there is room, and says where the value begins. */
  #begin(): number {
    if (this.#at > slabSize - longest) {
      this.#slab = Buffer.allocUnsafeSlow(slabSize);
      this.#at = 0;
    }
    this.#buffer = undefined;
    this.#largeAt = -1;
    return this.#at;
  }

  #written(start: number, whole: boolean): Buffer | undefined {
    const end = this.#at;
    if (whole && this.#largeAt < 0) return this.#slab.subarray(start, end);
    this.#at = start;
    return whole ? this.#withLarge(start, end) : undefined;
  }

  #withLarge(start: number, end: number): Buffer {
    const large = this.#buffer!;
    const length = end - start + large.length;
    const bytes = this.#allocate(length).subarray(0, length);
    const before = this.#largeAt - start;
    this.#slab.copy(bytes, 0, start, this.#largeAt);
    bytes.set(large, before);
    this.#slab.copy(bytes, before + large.length, this.#largeAt, end);
    return bytes;
  }

  #primitive(value: unknown): boolean {
    switch (typeof value) {
      case 'number':
        return this.#number(value);
      case 'string':
        return isPlainText(value) && this.#string(value);
      case 'boolean':
        this.#slab[this.#at++] = value ? 0xc3 : 0xc2;
        return true;
      case 'undefined':
        this.#slab[this.#at++] = 0xd4;
        this.#slab[this.#at++] = 0;
        this.#slab[this.#at++] = 0;
        return true;
      case 'object':
        if (value !== null) return Object.getPrototypeOf(value) === Buffer.prototype && this.#bytes(value as Buffer);
        this.#slab[this.#at++] = 0xc0;
        return true;
      default:
        return false;
    }
  }

  #number(value: number): boolean {
    const slab = this.#slab;
    if (value >>> 0 === value) {
      if (value === 0 && Object.is(value, -0)) return false;
      if (value < 0x80) slab[this.#at++] = value;
      else if (value < 0x100) {
        slab[this.#at++] = 0xcc;
        slab[this.#at++] = value;
      } else if (value < 0x10000) {
        slab[this.#at++] = 0xcd;
        slab[this.#at++] = value >>> 8;
        slab[this.#at++] = value;
      } else {
        slab[this.#at++] = 0xce;
        this.#at = slab.writeUInt32BE(value, this.#at);
      }
    } else {
      slab[this.#at++] = 0xcb;
      this.#at = slab.writeDoubleBE(value, this.#at);
    }
    return true;
  }

  #string(text: string): boolean {
    const { length } = text;
    const slab = this.#slab;
    // 15 keys and 15 items, or 14 and a small Buffer, together stay within the room that `write` has seen to.
    if (length * 3 > (longest - smallBuffer) / 32 - headRoom) return false;
    if (length < 16) {
      let at = this.#at + 1;
      for (let i = 0; i < length; i++) {
        const unit = text.charCodeAt(i);
        if (unit > 0x7f) break;
        slab[at++] = unit;
      }
      if (at - this.#at - 1 === length) {
        slab[this.#at] = 0xa0 | length;
        this.#at = at;
        return true;
      }
    }
    const bytes = slab.write(text, this.#at + 3, 'utf8');
    slab[this.#at] = 0xda;
    slab[this.#at + 1] = bytes >>> 8;
    slab[this.#at + 2] = bytes;
    this.#at += 3 + bytes;
    return true;
  }

  #bytes(value: Buffer): boolean {
    if (this.#buffer !== undefined) return false;
    this.#buffer = value;
    const { length } = value;
    const slab = this.#slab;
    if (length <= smallBuffer) {
      slab[this.#at] = 0xc5;
      slab[this.#at + 1] = length >>> 8;
      slab[this.#at + 2] = length;
      slab.set(value, this.#at + 3);
      this.#at += 3 + length;
    } else {
      slab[this.#at] = 0xc6;
      this.#at = this.#largeAt = slab.writeUInt32BE(length, this.#at + 1);
    }
    return true;
  }
}
