import type { BootError } from '../errors/boot-error.js';
import { pauseAfter } from './backoff.js';
import type { PoolState } from './pool-state.js';
import { Calls } from './calls.js';
import { PoolRunner } from './entries.js';
import { askGrace } from './rules.js';
import * as verdict from './pool-errors.js';

/**
 * The rules of runners: how they come, when they idle out, what ends them.
 */
export class Runners {
  readonly calls: Calls;
  readonly #books: PoolState;
  readonly #newId: (number: number) => string;
  readonly #random: () => number;
  /** Idle runners whose time is up and that only `min` or `headroom` keeps. */
  readonly #kept = new Set<PoolRunner>();
  #booted = 0;
  #asked = 0;
  #failures = 0;

  constructor(books: PoolState, newId: (number: number) => string, random: () => number) {
    this.#books = books;
    this.#newId = newId;
    this.#random = random;
    this.calls = new Calls(books, (runner) => this.#busy(runner));
  }

  boot(): void {
    const books = this.#books;
    const number = ++this.#booted;
    const runner = new PoolRunner(this.#newId(number), number, books.rules.maxConcurrency, books.rules.singleUse, books.now);
    books.runners.set(runner.id, runner);
    books.booting += 1;
    books.clock(runner.boot, books.now + books.rules.bootTimeout);
    books.act({ type: 'boot', runner: runner.id, count: books.runners.size });
  }

  up(runner: PoolRunner): void {
    if (runner.state !== 'booting') return;
    const books = this.#books;
    books.unclock(runner.boot);
    books.booting -= 1;
    books.ready += 1;
    this.#failures = 0;
    books.bootError = undefined;
    books.unclock(books.retry);
    books.retry.at = 0;
    runner.state = 'ready';
    runner.upAt = books.now;
    books.clock(runner.lifetime, books.now + books.rules.maxLifetime);
    books.act({ type: 'grown', runner: runner.id, error: undefined, count: books.runners.size });
    this.idle(runner);
    books.shelf.update(runner);
    this.calls.serve();
    this.unkeep();
  }

  /** Says whether that was news. */
  bootFailed(runner: PoolRunner, error: BootError): boolean {
    if (runner.state !== 'booting') return false;
    const books = this.#books;
    books.unclock(runner.boot);
    books.booting -= 1;
    runner.state = 'stopping';
    books.act({ type: 'grown', runner: runner.id, error, count: books.runners.size - 1 });
    if (books.drainReason !== undefined) return true;
    this.#failures += 1;
    books.bootError = error;
    books.clock(books.retry, books.now + pauseAfter(this.#failures, this.#random));
    // With a runner up, waiting calls wait for its slots: only those that nobody else can serve are failed.
    if (error.fatal && books.ready === 0) this.calls.refuseWaiting((call) => verdict.bootFatal(call, books.view(), error));
    return true;
  }

  /** A runner has run out of work. */
  idle(runner: PoolRunner): void {
    if (runner.singleUse && runner.served > 0) return this.stop(runner, 'it was for a single use');
    const { now, rules } = this.#books;
    runner.idleSince = now;
    this.#books.clock(runner.idle, now + Math.min(rules.idleAfter, rules.minIdleAfter));
  }

  idleDue(runner: PoolRunner): void {
    // A runner that does not answer is not worth its price.
    if (runner.asked) return this.stop(runner, 'it was idle and did not answer');
    const { now, rules } = this.#books;
    // Sums, as clocks are set by: a difference may be rounded to less, and the clock would be set for now, for ever.
    const surplusAt = runner.idleSince + rules.idleAfter;
    const minAt = runner.idleSince + rules.minIdleAfter;
    if ((this.#surplus > 0 && now >= surplusAt) || now >= minAt) {
      runner.asked = true;
      this.#asked += 1;
      this.#books.clock(runner.idle, now + askGrace);
      return this.#books.act({ type: 'ask', runner: runner.id });
    }
    if (now >= surplusAt) this.#kept.add(runner);
    this.#books.clock(runner.idle, now < surplusAt ? surplusAt : minAt);
  }

  /** The answer of a runner that was asked whether it may stop; void if it has got work since. */
  consent(runner: PoolRunner, yes: boolean): void {
    if (!runner.asked || runner.state !== 'ready') return;
    this.#unask(runner);
    const { now, rules } = this.#books;
    const fromMin = this.#surplus <= 0;
    if (!yes || (fromMin && now < runner.idleSince + rules.minIdleAfter)) return this.idle(runner);
    if (fromMin) this.#books.rested += 1;
    this.stop(runner, `it was idle for ${Math.round(now - runner.idleSince)} ms`);
  }

  /** Lets runners go that only `min` or `headroom` kept, when there are more than those need now. */
  unkeep(): void {
    if (this.#kept.size === 0) return;
    let surplus = this.#surplus;
    for (const runner of this.#kept) {
      if (surplus-- <= 0) return;
      this.#kept.delete(runner);
      this.#books.clock(runner.idle, this.#books.now);
    }
  }

  /** Gives a runner no new work; it stops when its work is done. */
  retire(runner: PoolRunner, reason: string): void {
    if (runner.state === 'ready') {
      this.#unready(runner);
      runner.state = 'leaving';
      runner.reason = reason;
      this.#books.shelf.update(runner);
      if (runner.load > runner.stuck) this.#books.act({ type: 'retire', runner: runner.id, reason });
    }
    this.stopIfDone(runner);
  }

  /** Retires a runner for good: what still runs there after `shutdownTimeout` is aborted. A boot is given up. */
  drain(runner: PoolRunner, reason: string): void {
    const books = this.#books;
    if (runner.state === 'booting') return books.act({ type: 'give-up', runner: runner.id, why: reason });
    this.retire(runner, reason);
    if (runner.state === 'leaving' && runner.drainEnd.at === Infinity) {
      books.clock(runner.drainEnd, books.now + books.rules.shutdownTimeout);
    }
  }

  /** Stops a leaving runner on which nothing runs any more but what ignores its abort. */
  stopIfDone(runner: PoolRunner): void {
    if (runner.state === 'leaving' && runner.load === runner.stuck) this.stop(runner, runner.reason);
  }

  stop(runner: PoolRunner, reason: string): void {
    if (runner.state === 'ready') this.#unready(runner);
    runner.state = 'stopping';
    this.#books.unclock(runner.drainEnd);
    this.#books.shelf.update(runner);
    // Work that ignores its abort gets no more time.
    const grace = runner.stuck > 0 ? 0 : this.#books.rules.shutdownTimeout;
    this.#books.act({ type: 'stop', runner: runner.id, reason, grace });
    this.calls.lose(runner, reason);
  }

  /** A runner went away by itself. */
  down(runner: PoolRunner, how: string): void {
    if (runner.state === 'booting' || runner.state === 'stopping') return;
    if (runner.state === 'ready') this.#unready(runner);
    runner.state = 'stopping';
    this.#books.unclock(runner.drainEnd);
    this.#books.shelf.update(runner);
    this.calls.lose(runner, how);
    this.#books.act({ type: 'bury', runner: runner.id });
  }

  gone(runner: PoolRunner): void {
    if (runner.state !== 'stopping') return;
    const books = this.#books;
    books.runners.delete(runner.id);
    books.paid += books.now - runner.bootingSince;
    books.used += runner.used;
    if (runner.upAt >= 0) books.act({ type: 'shrunk', runner: runner.id, count: books.runners.size });
  }

  /** How many ready runners there are beyond what `min` and `headroom` need, those asked to go not counted. */
  get #surplus(): number {
    const { ready, target, shelf, slots, headroom } = this.#books;
    const beyondMin = ready - this.#asked - target;
    return headroom === 0 ? beyondMin : Math.min(beyondMin, Math.floor((shelf.free - headroom) / slots) - this.#asked);
  }

  #busy(runner: PoolRunner): void {
    runner.busySince = this.#books.now;
    this.#books.unclock(runner.idle);
    this.#kept.delete(runner);
    this.#unask(runner);
  }

  #unask(runner: PoolRunner): void {
    if (runner.asked) this.#asked -= 1;
    runner.asked = false;
  }

  #unready(runner: PoolRunner): void {
    this.#books.ready -= 1;
    this.#busy(runner);
    this.#books.unclock(runner.lifetime);
  }
}
