import type { BootError } from '../../core/errors/boot-error.js';
import type { Clock } from '../../core/clock.js';

/** Repeated failures are counted for this time, in milliseconds. Then their number is reported. */
const countFor = 10_000;
/** The most different failures in a row that are reported in full. */
const mostTold = 10;

/** The boots that failed since the last successful one. Each kind of failure is reported once in full. Repetitions are only counted. */
export class RepeatedFailures {
  readonly #clock: Clock;
  readonly #tell: (text: string) => void;
  readonly #told = new Set<string>();
  #again = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, tell: (text: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** True if the last boot failed. */
  get any(): boolean {
    return this.#told.size > 0;
  }

  add(runner: string, error: BootError): void {
    const kind = kindOf(error);
    if (!this.#told.has(kind) && this.#told.size < mostTold) {
      this.#told.add(kind);
      return this.#tell(`runner ${runner} could not boot (${error.phase}): ${error.message}`);
    }
    this.#again += 1;
    this.#cancel ??= this.#clock.after(countFor, () => this.#count());
  }

  /** A boot succeeded, or no more boots follow. The next failure is reported in full again. */
  end(): void {
    this.#count();
    this.#told.clear();
  }

  #count(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const again = this.#again;
    this.#again = 0;
    if (again > 0) this.#tell(`${again} more ${again === 1 ? 'boot' : 'boots'} failed as before`);
  }
}

/** The part that is the same in each repetition: without names, numbers and times, and independent of the order of the lines. */
function kindOf({ phase, message }: BootError): string {
  const lines = message.split('\n').map((line) => line.replace(/[\w.-]*\d[\w.-]*/g, '#'));
  return [phase, ...new Set(lines.toSorted())].join('\n');
}
