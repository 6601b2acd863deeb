import type { BootError } from '../../core/errors/boot-error.js';
import type { Clock } from '../../core/clock.js';

/** So long, in milliseconds, failures that were told before are counted before their number is told. */
const countFor = 10_000;
/** Of so many different failures in a row each is told in full. */
const mostTold = 10;

/** The boots that failed since one worked: each failure is told once, in full; the same again is counted. */
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

  /** Whether the last boot failed. */
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

  /** A boot worked, or none will be tried: what comes is told anew. */
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

/** What is the same in each repetition: no names, numbers and times, and not the order in which two streams came. */
function kindOf({ phase, message }: BootError): string {
  const lines = message.split('\n').map((line) => line.replace(/[\w.-]*\d[\w.-]*/g, '#'));
  return [phase, ...new Set(lines.toSorted())].join('\n');
}
