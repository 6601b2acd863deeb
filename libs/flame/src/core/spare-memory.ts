/** Less is served by Node's own pool, or costs little. */
const worthIt = 32 * 1024;
/** What waits for the next at most. */
const keptBytes = 64 * 1024 * 1024;
/** Memory that would mostly lie idle is left for what needs it. */
const fitsWithin = 4;

/**
 * Memory for large values and packets that are filled here, sent, and not needed any more. Memory that was used a moment ago is mapped and in the
 * caches, while fresh memory costs a page fault for every 4 KiB of it, and, as it lies outside of V8's heap, a full collection of that for some dozens of
 * megabytes.
 *
 * Nothing is held: a collection takes what waits here, and what nobody gives back.
 */
export class SpareMemory {
  /** What can be lent, least recently used first. */
  readonly #spare: { readonly length: number; readonly memory: WeakRef<Buffer> }[] = [];
  #bytes = 0;
  readonly #lent = new WeakMap<ArrayBufferLike, Buffer>();

  /** At least `length` bytes of memory, with whatever is in it. */
  take(length: number): Buffer {
    if (length < worthIt) return Buffer.allocUnsafe(length);
    const memory = this.#find(length) ?? Buffer.allocUnsafeSlow(length);
    this.#lent.set(memory.buffer, memory);
    return memory;
  }

  /** Takes back what `bytes` are in, if that was lent here; nobody may look at it from now on. */
  giveBack(bytes: Uint8Array): void {
    if (bytes.length < worthIt / fitsWithin) return;
    const memory = this.#lent.get(bytes.buffer);
    if (memory === undefined) return;
    this.#lent.delete(memory.buffer);
    const { length } = memory;
    this.#spare.push({ length, memory: new WeakRef(memory) });
    for (this.#bytes += length; this.#bytes > keptBytes;) this.#bytes -= this.#spare.shift()!.length;
  }

  /** What `bytes` are in stays with whoever has it, and cannot be given back. */
  keep(bytes: Uint8Array): void {
    this.#lent.delete(bytes.buffer);
  }

  /** The one used last that is large enough and not far too large. */
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

/** This process's. */
export const spareMemory = new SpareMemory();
