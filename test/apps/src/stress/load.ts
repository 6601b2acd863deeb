import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from './dice.js';
import type { Ledger } from './ledger.js';
import type { StressWork } from './stress-work.js';

/** Callers that always have a call of some kind under way, until `stop`. */
export class Load {
  readonly #work: StressWork;
  readonly #ledger: Ledger;
  readonly #dice: Dice;
  readonly #bytes = randomBytes(1024 * 1024);
  #stopped = false;

  constructor(work: StressWork, ledger: Ledger, dice: Dice) {
    this.#work = work;
    this.#ledger = ledger;
    this.#dice = dice;
  }

  /** Resolves when all callers have had their last answer. */
  async run(callers: number, pause: number): Promise<void> {
    await Promise.all(Array.from({ length: callers }, () => this.#caller(pause)));
  }

  stop(): void {
    this.#stopped = true;
  }

  async #caller(pause: number): Promise<void> {
    while (!this.#stopped) {
      await this.#ledger.record((call) => this.#call(call));
      if (pause > 0) await sleep(this.#dice.below(2 * pause));
    }
  }

  async #call(call: number): Promise<boolean> {
    const roll = this.#dice.next();
    if (roll < 0.5) return (await this.#work.quick(call)) === call;
    if (roll < 0.8) return (await this.#work.slow(call, this.#dice.below(200))) === call;
    if (roll < 0.87) return (await this.#work.throws(call)) < 0;
    if (roll < 0.92) return this.#large(call);
    if (roll < 0.97) return this.#rows(call);
    if (roll < 0.99) {
      await this.#work.cast(call);
      // Its run is not awaited; a mark shows it in the end. A cast that was taken on and lost with its runner may not have run.
      return true;
    }
    return (await this.#work.late(call)) < 0;
  }

  async #large(call: number): Promise<boolean> {
    const sent = this.#bytes.subarray(0, 1 + this.#dice.below(this.#bytes.length));
    return sent.equals(await this.#work.large(call, sent));
  }

  async #rows(call: number): Promise<boolean> {
    const count = this.#dice.below(200);
    let next = 0;
    for await (const row of this.#work.rows(call, count)) if (row !== next++) return false;
    return next === count;
  }
}
