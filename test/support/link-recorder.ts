import type { Frame } from '../../libs/flame/src/core/session/frame.js';
import type { LinkEnd, LinkReceiver } from '../../libs/flame/src/transport/session/link.js';

/** A receiver that records the frames and events of a link, and lets tests wait for them. */
export class LinkRecorder implements LinkReceiver {
  readonly frames: Frame[] = [];
  /** Frames, and the words `suspended` and `resumed`, in order. */
  readonly events: (Frame | 'suspended' | 'resumed')[] = [];
  readonly ends: LinkEnd[] = [];
  readonly ended: Promise<LinkEnd>;
  readonly #onFrame: (frame: Frame) => void;
  readonly #waiting: { what: () => boolean; met: () => void }[] = [];
  #end: (end: LinkEnd) => void = () => {};

  constructor(onFrame: (frame: Frame) => void = () => {}) {
    this.#onFrame = onFrame;
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  frame(frame: Frame): void {
    this.frames.push(frame);
    this.events.push(frame);
    this.#onFrame(frame);
    this.#check();
  }

  closed(end: LinkEnd): void {
    this.ends.push(end);
    this.#end(end);
    this.#check();
  }

  suspended(): void {
    this.events.push('suspended');
    this.#check();
  }

  resumed(): void {
    this.events.push('resumed');
    this.#check();
  }

  /** Resolves when `what` returns true. It is checked after each frame and event. */
  until(what: () => boolean): Promise<void> {
    if (what()) return Promise.resolve();
    return new Promise((met) => this.#waiting.push({ what, met }));
  }

  /** Resolves with the first `count` frames. */
  async first(count: number): Promise<Frame[]> {
    await this.until(() => this.frames.length >= count);
    return this.frames.slice(0, count);
  }

  #check(): void {
    for (const waiter of [...this.#waiting]) {
      if (!waiter.what()) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      waiter.met();
    }
  }
}
