import type { Clock } from './clock.js';

/** How many lines may pass in a second, and how long each may be. */
export const linesPerSecond = 1_000;
export const lineLength = 8_192;

/** Lets so many lines of one source pass in each second, and tells of the others: once a second, as long as lines are dropped. */
export class LineGate {
  readonly #clock: Clock;
  readonly #tell: (dropped: number) => void;
  #since = -Infinity;
  #passed = 0;
  #dropped = 0;

  constructor(clock: Clock, tell: (dropped: number) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Whether one more line may pass. */
  pass(): boolean {
    const now = this.#clock.now();
    if (now - this.#since >= 1_000) {
      this.#since = now;
      this.#passed = 0;
    }
    this.#passed += 1;
    if (this.#passed <= linesPerSecond) return true;
    if (this.#dropped === 0) this.#clock.after(1_000, () => this.#tellDropped());
    this.#dropped += 1;
    return false;
  }

  #tellDropped(): void {
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#tell(dropped);
  }
}

/** A line as it may pass. */
export function shortened(text: string): string {
  return text.length > lineLength ? `${text.slice(0, lineLength)}…` : text;
}
