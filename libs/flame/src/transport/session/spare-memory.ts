import { Session } from '../../core/session/session.js';
import type { Memory } from '../protocol/protobuf.js';

/** Smaller buffers come from Node, because they are cheap. */
const reusedFrom = 32 * 1024;
/** The most bytes that are kept for later use. */
const keptBytes = 64 * 1024 * 1024;
/** A buffer is reused only for at least a quarter of its size; otherwise most of it would be unused. */
const fitsWithin = 4;
/** Shorter values are never in a buffer from `SpareMemory`. */
export const reusableFrom = reusedFrom / fitsWithin;

/**
 * Buffers for large values and packets, which are reused after they were sent. A buffer in use is mapped and in the CPU's caches. A new
 * buffer costs a page fault for each 4 KiB and, because it is outside of V8's heap, a full collection for every few dozen megabytes.
 *
 * It holds weak references only: the garbage collector frees buffers that wait here, and buffers that are never given back.
 *
 * Gain (Node 26, values of 64 KiB, 16 callers): 21 to 24 thousand calls a second instead of 13.
 */
export class SpareMemory implements Memory {
  /** Free buffers, least recently used first. */
  readonly #spare: { readonly length: number; readonly memory: WeakRef<Buffer> }[] = [];
  #bytes = 0;
  readonly #lent = new WeakMap<ArrayBufferLike, Buffer>();

  /** Returns at least `length` bytes of memory, with any content. */
  take(length: number): Buffer {
    if (length < reusedFrom) return Buffer.allocUnsafe(length);
    const memory = this.#find(length) ?? Buffer.allocUnsafeSlow(length);
    this.#lent.set(memory.buffer, memory);
    return memory;
  }

  /** Takes back the buffer of `bytes`, if it came from `take`. From now on nothing may read `bytes`. */
  giveBack(bytes: Uint8Array): void {
    if (bytes.length < reusableFrom) return;
    const memory = this.#lent.get(bytes.buffer);
    if (memory === undefined) return;
    this.#lent.delete(memory.buffer);
    const { length } = memory;
    this.#spare.push({ length, memory: new WeakRef(memory) });
    for (this.#bytes += length; this.#bytes > keptBytes;) this.#bytes -= this.#spare.shift()!.length;
  }

  /** Leaves the buffer of `bytes` to its user: a later `giveBack` has no effect. */
  keep(bytes: Uint8Array): void {
    this.#lent.delete(bytes.buffer);
  }

  /** The most recently used buffer that is large enough and not much too large. */
  #find(needed: number): Buffer | undefined {
    for (let i = this.#spare.length - 1; i >= 0; i--) {
      const { length, memory } = this.#spare[i]!;
      if (length < needed || length > needed * fitsWithin) continue;
      this.#spare.splice(i, 1);
      this.#bytes -= length;
      const found = memory.deref();
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** The spare memory of this process. */
export const spareMemory = new SpareMemory();

/** Allocates memory for a codec's large values (`CodecOptions.allocate`). */
export function allocate(length: number): Buffer {
  return spareMemory.take(length);
}

/** A session whose packets are bytes. Reuses the memory of a packet when it is confirmed. */
export class PacketSession extends Session<Buffer> {
  /**
   * Packets up to this number were sent again. An earlier copy of them may still be in transit when they are confirmed, so their memory is
   * not reused.
   */
  #sentAgain = 0;

  constructor() {
    super({}, (packet, number) => {
      if (number > this.#sentAgain) spareMemory.giveBack(packet);
    });
  }

  override unconfirmed(): readonly Buffer[] {
    this.#sentAgain = this.next - 1;
    return super.unconfirmed();
  }
}
