import type { Frame } from '../../core/session/frame.js';
import { reusableFrom, spareMemory } from './spare-memory.js';
import { youngGeneration } from './young-generation.js';

/**
 * The large values that the calls of one session hold. `spareMemory` and `youngGeneration` use this information. A lower call number means
 * an older call, because the calling end counts upwards.
 */
export class CallValues {
  /**
   * Arguments that this end has sent, by call. Their memory is free when the call has an answer: until then the pool may have to send them
   * again.
   */
  readonly #sent = new Map<number, Uint8Array>();
  /** The size of arguments that arrived for calls that run here, and the count of `youngGeneration`'s checks at that time. */
  readonly #running = new Map<number, { readonly bytes: number; readonly begun: number }>();
  #last = 0;
  /** The last call before the last collection that this session has noticed. */
  #lastOld = 0;
  #collections = youngGeneration.collections;

  /** A frame leaves this end. */
  sent(frame: Frame): void {
    if (frame.type === 'call') {
      this.#noteCollection();
      this.#last = Math.max(this.#last, frame.id);
      if (frame.args.length >= reusableFrom) this.#sent.set(frame.id, frame.args);
    } else if (this.#running.size > 0 && endsCall(frame)) {
      const { bytes, begun } = this.#running.get(frame.id) ?? { bytes: 0, begun: 0 };
      this.#running.delete(frame.id);
      youngGeneration.ended(bytes, begun);
    }
  }

  /** A frame has arrived and is about to be delivered. */
  came(frame: Frame): void {
    switch (frame.type) {
      case 'call': {
        const bytes = frame.args.length;
        if (bytes >= reusableFrom) this.#running.set(frame.id, { bytes, begun: youngGeneration.begins(bytes) });
        return;
      }
      case 'return':
        this.#noteCollection();
        if (frame.value.length >= reusableFrom && frame.id <= this.#lastOld) youngGeneration.heldByOld(frame.value.length);
        return this.#answered(frame.id, true);
      case 'throw':
        return this.#answered(frame.id, true);
      case 'refuse':
        // The pool may send the same arguments to another runner.
        return this.#answered(frame.id, false);
      default:
    }
  }

  #answered(id: number, free: boolean): void {
    if (this.#sent.size === 0) return;
    const args = this.#sent.get(id);
    this.#sent.delete(id);
    if (free && args !== undefined) spareMemory.giveBack(args);
  }

  #noteCollection(): void {
    if (this.#collections === youngGeneration.collections) return;
    this.#collections = youngGeneration.collections;
    this.#lastOld = this.#last;
  }
}

/** The work of a frame's call is over, so its arguments are no longer in use. */
function endsCall(frame: Frame): frame is Extract<Frame, { type: 'return' | 'throw' | 'refuse' | 'ended' }> {
  if (frame.type === 'return') return !frame.held;
  return frame.type === 'throw' || frame.type === 'refuse' || frame.type === 'ended';
}
