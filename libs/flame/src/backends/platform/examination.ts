import type { Check } from '../../core/check.js';

/** Collects the checks of one `examine()`. `wordsOf` returns the platform's own text for an error. */
export class Examination {
  readonly checks: Check[] = [];
  readonly #wordsOf: (error: unknown) => string;
  readonly #signal: AbortSignal;

  constructor(wordsOf: (error: unknown) => string, signal: AbortSignal) {
    this.#wordsOf = wordsOf;
    this.#signal = signal;
  }

  /**
   * Adds a check: ok with the message that `find` returns, or failed with the error that it throws. Resolves to whether it is ok.
   *
   * @throws the signal's reason.
   */
  async look(name: string, fix: string, find: () => Promise<string>): Promise<boolean> {
    this.#signal.throwIfAborted();
    try {
      this.checks.push({ name, ok: true, message: await find() });
      return true;
    } catch (error) {
      this.checks.push({ name, ok: false, message: this.#wordsOf(error), fix });
      return false;
    }
  }
}
