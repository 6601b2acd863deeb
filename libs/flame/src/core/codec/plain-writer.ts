/// <reference lib="es2024.string" />

/** Bytes that are reserved for a value. The limits on items, texts and small Buffers keep each value within them. */
const longest = 16 * 1024;
/** Largest Buffer that is copied into the slab, in bytes. A larger one gets memory of its own. */
const smallBuffer = 8 * 1024;
/** Memory is allocated in slabs of this many bytes: an allocation costs more than writing a value. */
const slabSize = 32 * 1024;
/** The most bytes that a number, or the head of any other value, takes. */
const headRoom = 9;

/**
 * Writes the values that most calls carry: a primitive, a Buffer, or one plain array or object of primitives and at most one Buffer. In
 * such a value no object can occur twice and nothing needs a mark. So one walk is enough, and a large Buffer is copied only once. The bytes
 * are MessagePack that the full decoder can read as well.
 */
export class PlainWriter {
  #slab = Buffer.allocUnsafeSlow(slabSize);
  #at = 0;
  /**
   * The Buffer in the value. There is at most one, because a Buffer that occurs twice needs a mark. A large one is inserted last, at
   * `#largeAt`.
   */
  #buffer: Buffer | undefined;
  #largeAt = -1;
  readonly #allocate: (length: number) => Buffer;

  /** `allocate` returns memory for a value with a large Buffer: at least as many bytes as asked for, with any content. */
  constructor(allocate: (length: number) => Buffer = Buffer.allocUnsafeSlow) {
    this.#allocate = allocate;
  }

  /**
   * @returns the bytes of the value; nothing writes to them afterwards. Undefined if the value is not plain enough, or if one of its getters
   * throws.
   */
  write(value: unknown): Buffer | undefined {
    if (typeof value !== 'object' || value === null) return this.#written(this.#begin(), this.#primitive(value));
    const prototype: unknown = Object.getPrototypeOf(value);
    if (Array.isArray(value)) return prototype === Array.prototype ? this.#array(value) : undefined;
    if (prototype === Object.prototype) return this.#record(value);
    return prototype === Buffer.prototype ? this.#written(this.#begin(), this.#bytes(value as Buffer)) : undefined;
  }

  #array(value: readonly unknown[]): Buffer | undefined {
    const items = Object.values(value);
    // Different lengths mean holes or named properties. Equal numbers of both cancel out, so the full encoder checks arrays that contain
    // undefined.
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
      // Read all values before writing the first: a getter may itself encode something.
      items = Object.values(value);
    } catch {
      // The full encoder names the getter that threw.
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

  /** Makes sure that there is room for a value, and returns the position where it begins. */
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
    // With this limit, 15 keys with 15 items, or with 14 items and a small Buffer, fit into the room that `#begin` reserved.
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

/**
 * Whether UTF-8 carries a string unchanged. Half of a surrogate pair would be replaced, and decoders remove a byte-order mark at the start.
 */
export function isPlainText(text: string): boolean {
  return text.isWellFormed() && text.charCodeAt(0) !== 0xfeff;
}

/** Whether a MessagePack map keeps this key: decoders rename `__proto__`. */
export function isPlainKey(key: string): boolean {
  return key !== '__proto__' && isPlainText(key);
}
