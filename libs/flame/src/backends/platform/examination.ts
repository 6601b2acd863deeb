import type { Check } from '../../core/check.js';

/** The checks of one `examine()`, as they are made. `wordsOf` says in the platform's words what was thrown. */
export class Examination {
  readonly checks: Check[] = [];
  readonly #wordsOf: (error: unknown) => string;
  readonly #signal: AbortSignal;

  constructor(wordsOf: (error: unknown) => string, signal: AbortSignal) {
    this.#wordsOf = wordsOf;
    this.#signal = signal;
  }

  /** Adds a check: in order with what `find` gives, not in order with what it throws. Gives which. @throws the signal's reason. */
  async look(name: string, mend: string, find: () => Promise<string>): Promise<boolean> {
    this.#signal.throwIfAborted();
    try {
      this.checks.push({ name, ok: true, message: await find() });
      return true;
    } catch (error) {
      this.checks.push({ name, ok: false, message: this.#wordsOf(error), fix: mend });
      return false;
    }
  }
}
