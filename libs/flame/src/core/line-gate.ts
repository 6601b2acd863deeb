import type { Clock } from './clock.js';

/** The maximum number of lines per second, and the maximum length of a line. */
export const linesPerSecond = 1_000;
export const lineLength = 8_192;

/** Limits the lines of one source per second, and reports the number of dropped lines, once a second while lines are dropped. */
export class LineGate {
  readonly #clock: Clock;
  readonly #onDropped: (dropped: number) => void;
  #since = -Infinity;
  #passed = 0;
  #dropped = 0;

  constructor(clock: Clock, onDropped: (dropped: number) => void) {
    this.#clock = clock;
    this.#onDropped = onDropped;
  }

  /** Counts one more line, and returns whether it may pass. */
  pass(): boolean {
    const now = this.#clock.now();
    if (now - this.#since >= 1_000) {
      this.#since = now;
      this.#passed = 0;
    }
    this.#passed += 1;
    if (this.#passed <= linesPerSecond) return true;
    if (this.#dropped === 0) this.#clock.after(1_000, () => this.#reportDropped());
    this.#dropped += 1;
    return false;
  }

  #reportDropped(): void {
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#onDropped(dropped);
  }
}

/** Cuts a line to the maximum length. */
export function shortened(text: string): string {
  return text.length > lineLength ? `${text.slice(0, lineLength)}…` : text;
}
