import { types } from 'node:util';
import { mark, marked } from './marks.js';

interface Extent {
  readonly buffer: ArrayBuffer;
  readonly index: number;
  low: number;
  high: number;
}

/**
 * The ArrayBuffers behind a value's typed arrays. Only the range of each ArrayBuffer that the value uses crosses, and only once. Views that
 * share memory also share it on the other side. The rest of the memory (a Node pool, data of other code) does not cross.
 */
export class MemoryTable {
  readonly #extents = new Map<ArrayBuffer, Extent>();

  /** The mark for a typed array, a DataView or an ArrayBuffer. */
  mark(value: object, buffer: ArrayBuffer): unknown[] {
    if (!ArrayBuffer.isView(value)) return marked(mark.arrayBuffer, this.#extend(buffer, 0, buffer.byteLength));
    const { byteOffset, byteLength } = value;
    const index = this.#extend(buffer, byteOffset, byteOffset + byteLength);
    const name = viewName(value);
    return marked(mark.view, name, index, byteOffset, name === 'DataView' ? byteLength : (value as Uint8Array).length);
  }

  /** Puts the prepared value and the bytes of all ArrayBuffers into one mark. */
  root(prepared: unknown): unknown[] {
    const root = marked(mark.root, prepared);
    for (const { buffer, low, high } of this.#extents.values()) {
      // Rounded down, so that elements of every size stay aligned.
      const start = low & ~7;
      root.push(start, Buffer.from(buffer, start, high - start));
    }
    return root;
  }

  #extend(buffer: ArrayBuffer, low: number, high: number): number {
    const extent = this.#extents.get(buffer);
    if (!extent) {
      const index = this.#extents.size;
      this.#extents.set(buffer, { buffer, index, low, high });
      return index;
    }
    extent.low = Math.min(extent.low, low);
    extent.high = Math.max(extent.high, high);
    return extent.index;
  }
}

/** The memory of an ArrayBuffer or of a view of one; undefined for everything else, including shared memory. */
export function memoryOf(value: object): ArrayBuffer | undefined {
  const buffer: unknown = ArrayBuffer.isView(value) ? value.buffer : value;
  return types.isArrayBuffer(buffer) ? buffer : undefined;
}

/** Whether an ArrayBuffer is detached. Node 20 has no `ArrayBuffer.prototype.detached`. */
export function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    return new Uint8Array(buffer).length > 0;
  } catch {
    return true;
  }
}

const typedArrayTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)!.get!;

/** The name of the built-in constructor, even if a subclass has another name. */
function viewName(view: ArrayBufferView): string {
  return (typedArrayTag.call(view) as string | undefined) ?? 'DataView';
}
