import { FlameError } from '../../../libs/flame/src/core/errors/flame-error.js';
import type { PoolStats } from '../../../libs/flame/src/pool/observe/pool-stats.js';
import type { Deed } from './deed.js';
import type { Plan } from './plan.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { Watcher } from './simulated-runner.js';
import type { Timeline } from './timeline.js';

/** A rule that does not hold. */
export class BrokenRule extends Error {
  override readonly name = 'BrokenRule';
}

/** A call in the world's books. */
export interface CallBook {
  readonly deed: Deed;
  readonly parent: SimulatedProcess;
  readonly madeAt: number;
  readonly frozenBefore: number;
  readonly timeout: number | undefined;
  runs: number;
  settled: number;
  /** What its caller was told of whether it ran. */
  told: 'no' | 'yes' | 'maybe' | undefined;
}

/** How much later than its time a call may settle: timers are late, promises take their turns. */
const slack = 50;
/** How much later it may be for each pause of the parent, which first reads what came in meanwhile. */
const afterPause = 100;

/**
 * The rules that hold in every world (DESIGN §3.13), checked against what really happens in it, never against the pool's own books: every call settles once and
 * in its time; without retry no handler runs twice, and nobody is told otherwise than it was; no more machines than `max`, no more work than
 * `maxConcurrency`; first come, first served; the pool comes to rest at `min`; nothing is left.
 */
export class WorldRules implements Watcher {
  readonly #plan: Plan;
  readonly #timeline: Timeline;
  readonly #books = new Map<number, CallBook>();
  readonly #working = new Map<SimulatedProcess, Set<number>>();
  readonly #served = new Map<SimulatedProcess, number>();
  readonly #begun = new Set<number>();
  #lastBegun = 0;
  #open = 0;
  #active = 0;
  #broken: BrokenRule | undefined;

  constructor(plan: Plan, timeline: Timeline) {
    this.#plan = plan;
    this.#timeline = timeline;
  }

  /** No call is open and no handler runs. */
  get quiet(): boolean {
    return this.#open === 0 && this.#active === 0;
  }

  expect(holds: boolean, rule: string): void {
    if (!holds) this.#broken ??= new BrokenRule(`at ${Math.round(this.#timeline.now)}: ${rule}`);
  }

  /** Throws what was broken, if anything was. */
  check(): void {
    if (this.#broken !== undefined) throw this.#broken;
  }

  called(deed: Deed, timeout: number | undefined, parent: SimulatedProcess): CallBook {
    const madeAt = this.#timeline.now;
    const book: CallBook = { deed, parent, madeAt, frozenBefore: parent.frozenFor, timeout, runs: 0, settled: 0, told: undefined };
    this.#books.set(deed.call, book);
    this.#open += 1;
    return book;
  }

  /** A caller has its answer, and with a stream the end of it. */
  settled(book: CallBook, error: unknown, wrong?: string): void {
    const { deed, runs, timeout, madeAt, parent, frozenBefore } = book;
    const name = `call ${deed.call} (${deed.does})`;
    this.#open -= 1;
    book.settled += 1;
    this.expect(book.settled === 1, `${name} settled twice`);
    this.expect(wrong === undefined, `${name}: ${wrong}`);
    if (error instanceof FlameError) book.told = error.ran;
    else book.told = 'yes';
    this.expect(!(error instanceof Error && error.message.startsWith('an unknown error')), `${name} failed with ${String(error)}`);
    this.expect(
      !(error instanceof Error && /protocol violation|refused a|cannot be read/.test(error.message)),
      `${name} failed with ${String(error)}`,
    );
    if (book.told === 'yes') this.expect(runs > 0, `${name} did not run, and settled as if it had (${String(error)})`);
    if (book.told === 'no') this.expect(runs === 0, `${name} ran, and its caller was told that it did not: ${String(error)}`);
    if (this.#plan.gentle && error instanceof FlameError) this.expect(error.code !== 'FLAME_LOST', `${name} was lost: ${error.message}`);
    const took = this.#timeline.now - madeAt - (parent.frozenFor - frozenBefore);
    if (timeout !== undefined && deed.does !== 'streams') {
      // A clock runs at its own rate.
      const late = slack + afterPause * parent.pausesSince(madeAt - afterPause);
      this.expect(took <= timeout * 1.01 + late, `${name} took ${Math.round(took)} ms of its ${timeout}`);
    }
  }

  ran(deed: Deed, runner: SimulatedProcess): void {
    const book = this.#books.get(deed.call)!;
    const name = `call ${deed.call} (${deed.does})`;
    book.runs += 1;
    this.expect(book.runs === 1 || deed.retried, `${name} ran ${book.runs} times`);
    this.expect(book.told !== 'no', `${name} ran after its caller was told that it did not`);
    const served = (this.#served.get(runner) ?? 0) + 1;
    this.#served.set(runner, served);
    this.expect(!this.#plan.pool.singleUse || served === 1, `${runner.name} is used ${served} times`);
  }

  began(deed: Deed, runner: SimulatedProcess): void {
    const working = this.#working.get(runner) ?? new Set();
    this.#working.set(runner, working.add(deed.call));
    const { maxConcurrency } = this.#plan.pool;
    this.expect(working.size <= maxConcurrency, `${runner.name} runs calls ${this.#names(working)}, maxConcurrency is ${maxConcurrency}`);
    this.#active += 1;
  }

  #names(calls: Iterable<number>): string {
    return Array.from(calls, (call) => `${call} (${this.#books.get(call)!.deed.does})`).join(', ');
  }

  over(deed: Deed, runner: SimulatedProcess): void {
    this.#working.get(runner)!.delete(deed.call);
    this.#active -= 1;
  }

  /** The pool handed a call to a runner; one that a runner gave back is handed on again. */
  started(call: number, paused: boolean): void {
    this.expect(!paused, `call number ${call} of the pool was started while it is paused`);
    if (this.#begun.has(call)) return;
    this.#begun.add(call);
    this.expect(call > this.#lastBegun, `call number ${call} of the pool overtook ${this.#lastBegun}`);
    this.#lastBegun = call;
  }

  machines(machines: number, max: number): void {
    this.expect(machines <= max, `${machines} machines, max is ${max}`);
  }

  allSettled(): void {
    const open = Array.from(this.#books.values()).filter(({ settled }) => settled === 0);
    this.expect(open.length === 0, `never settled: ${open.map(({ deed }) => `call ${deed.call} (${deed.does})`).join(', ')}`);
    const working = Array.from(this.#working.values()).flatMap((calls) => [...calls]);
    this.expect(working.length === 0, `still at work, though nobody waits for it: calls ${working.join(', ')}`);
    this.check();
  }

  /** Of the last while at rest, `idledOut` says how many runners were stopped for being idle. */
  atRest(stats: PoolStats, alive: number, idledOut: number): void {
    const { pool } = this.#plan;
    const ready = stats.runners.filter(({ state }) => state === 'ready').length;
    this.expect(stats.running === 0 && stats.waiting === 0, `at rest, ${stats.running} slots are taken and ${stats.waiting} calls wait`);
    const recycles = pool.minIdleShutdownAfter! < Infinity || pool.maxLifetime! < Infinity;
    this.expect(recycles || idledOut === 0, `at rest, ${idledOut} runners idle out`);
    const least = recycles ? 0 : Math.min(stats.min, stats.max);
    const most = Math.max(stats.min, Math.ceil(pool.headroom! / (pool.singleUse ? 1 : pool.maxConcurrency)) + 1);
    // Where runners are replaced by age, those that have yet to go may be as many as `max` allows.
    const there = recycles ? stats.runners.filter(({ state }) => state !== 'stopping').length - 2 : stats.runners.length;
    this.expect(ready >= least && there <= most, `the pool rests at ${ready} of ${stats.runners.length} runners, min is ${stats.min}`);
    this.expect(alive <= stats.runners.length + 1, `${alive} runners are alive, ${stats.runners.length} are in the books`);
    this.check();
  }

  atTheEnd(): void {
    this.expect(this.#active === 0, `${this.#active} handlers are at work in the end`);
    this.check();
  }
}
