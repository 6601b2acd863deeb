import type { Frame } from '../../core/session/frame.js';
import type { LinkEnd, LinkReceiver } from './link.js';

/** Passes the frames and events of a link to its receiver. Keeps frames and the session's end until there is a receiver. */
export class Delivery {
  #receiver: LinkReceiver | undefined;
  #early: Frame[] = [];
  #end: LinkEnd | undefined;
  #over = false;
  readonly #onThrow: (reason: string) => void;

  /** `onThrow` gets the reason when the receiver throws on a frame. */
  constructor(onThrow: (reason: string) => void) {
    this.#onThrow = onThrow;
  }

  /** Delivers the kept frames, then all later frames as they arrive. Delivery starts after the caller has returned. */
  open(receiver: LinkReceiver): void {
    process.nextTick(() => {
      this.#receiver = receiver;
      const early = this.#early;
      this.#early = [];
      for (const frame of early) this.frame(frame);
      if (this.#end !== undefined) this.closed(this.#end);
    });
  }

  frame(frame: Frame): void {
    if (this.#over) return;
    if (this.#receiver === undefined) {
      this.#early.push(frame);
      return;
    }
    try {
      this.#receiver.frame(frame);
    } catch (error) {
      this.#onThrow(`the receiver refused a ${frame.type} frame: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  closed(end: LinkEnd): void {
    this.#end = end;
    if (this.#over || this.#receiver === undefined) return;
    this.#over = true;
    this.#receiver.closed(end);
  }

  suspended(): void {
    if (!this.#over) this.#receiver?.suspended?.();
  }

  resumed(): void {
    if (!this.#over) this.#receiver?.resumed?.();
  }
}
