import type { BootError } from '../../core/errors/boot-error.js';
import type { Clock } from '../../core/clock.js';

/** Repeated failures are counted for this time, in milliseconds. Then their number is reported. */
const countFor = 10_000;
/** The most different failures in a row that are reported in full. */
const mostReported = 10;

/** The boots that failed since the last successful one. Each kind of failure is reported once in full. Repetitions are only counted. */
export class RepeatedFailures {
  readonly #clock: Clock;
  readonly #report: (text: string) => void;
  readonly #reported = new Set<string>();
  #again = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, report: (text: string) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /** True if the last boot failed. */
  get any(): boolean {
    return this.#reported.size > 0;
  }

  add(runner: string, error: BootError): void {
    const kind = kindOf(error);
    if (!this.#reported.has(kind) && this.#reported.size < mostReported) {
      this.#reported.add(kind);
      return this.#report(`runner ${runner} could not boot (${error.phase}): ${error.message}`);
    }
    this.#again += 1;
    this.#cancel ??= this.#clock.after(countFor, () => this.#count());
  }

  /** A boot succeeded, or no more boots follow. The next failure is reported in full again. */
  end(): void {
    this.#count();
    this.#reported.clear();
  }

  #count(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const again = this.#again;
    this.#again = 0;
    if (again > 0) this.#report(`${again} more ${again === 1 ? 'boot' : 'boots'} failed as before`);
  }
}

/** The part that is the same in each repetition: without names, numbers and times, and independent of the order of the lines. */
function kindOf({ phase, message }: BootError): string {
  const lines = message.split('\n').map((line) => line.replace(/[\w.-]*\d[\w.-]*/g, '#'));
  return [phase, ...new Set(lines.toSorted())].join('\n');
}
