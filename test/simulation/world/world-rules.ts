import { FlameError } from '../../../libs/flame/src/core/errors/flame-error.js';
import type { PoolStats } from '../../../libs/flame/src/pool/observe/pool-stats.js';
import type { CallScript } from './call-script.js';
import type { Plan } from './plan.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { Watcher } from './simulated-runner.js';
import type { Timeline } from './timeline.js';

/** A rule was broken. */
export class BrokenRule extends Error {
  override readonly name = 'BrokenRule';
}

/** What the world knows of one call. */
export interface CallRecord {
  readonly script: CallScript;
  readonly parent: SimulatedProcess;
  readonly madeAt: number;
  readonly frozenBefore: number;
  readonly timeout: number | undefined;
  runs: number;
  settled: number;
  /** The `ran` in the caller's answer. */
  told: 'no' | 'yes' | 'maybe' | undefined;
}

/** How much later than its timeout a call may settle: timers are late, and promises take turns of the event loop. */
const slack = 50;
/** The additional time for each pause of the parent, which first reads the input that arrived meanwhile. */
const afterPause = 100;

/**
 * The rules that hold in every world (DESIGN §3.13), checked against its real events, never against the pool's own state: every call settles once and
 * in time; without retry no handler runs twice; `ran` in errors is true; no more machines than `max`; no more work than `maxConcurrency`; calls
 * are served in order; the pool comes to rest at `min`; nothing is left.
 */
export class WorldRules implements Watcher {
  readonly #plan: Plan;
  readonly #timeline: Timeline;
  readonly #records = new Map<number, CallRecord>();
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

  /** @throws {BrokenRule} the first rule that was broken. */
  check(): void {
    if (this.#broken !== undefined) throw this.#broken;
  }

  called(script: CallScript, timeout: number | undefined, parent: SimulatedProcess): CallRecord {
    const madeAt = this.#timeline.now;
    const record: CallRecord = { script, parent, madeAt, frozenBefore: parent.frozenFor, timeout, runs: 0, settled: 0, told: undefined };
    this.#records.set(script.call, record);
    this.#open += 1;
    return record;
  }

  /** A caller has its answer, or the end of its stream. */
  settled(record: CallRecord, error: unknown, wrong?: string): void {
    const { script, runs, timeout, madeAt, parent, frozenBefore } = record;
    const name = `call ${script.call} (${script.does})`;
    this.#open -= 1;
    record.settled += 1;
    this.expect(record.settled === 1, `${name} settled twice`);
    this.expect(wrong === undefined, `${name}: ${wrong}`);
    if (error instanceof FlameError) record.told = error.ran;
    else record.told = 'yes';
    this.expect(!(error instanceof Error && error.message.startsWith('an unknown error')), `${name} failed with ${String(error)}`);
    this.expect(
      !(error instanceof Error && /protocol violation|refused a|cannot be read/.test(error.message)),
      `${name} failed with ${String(error)}`,
    );
    if (record.told === 'yes') this.expect(runs > 0, `${name} did not run, and settled as if it had (${String(error)})`);
    if (record.told === 'no') this.expect(runs === 0, `${name} ran, and its caller was told that it did not: ${String(error)}`);
    if (this.#plan.gentle && error instanceof FlameError) this.expect(error.code !== 'FLAME_LOST', `${name} was lost: ${error.message}`);
    const took = this.#timeline.now - madeAt - (parent.frozenFor - frozenBefore);
    if (timeout !== undefined && script.does !== 'streams') {
      // Clocks may be fast or slow.
      const late = slack + afterPause * parent.pausesSince(madeAt - afterPause);
      this.expect(took <= timeout * 1.01 + late, `${name} took ${Math.round(took)} ms of its ${timeout}`);
    }
  }

  ran(script: CallScript, runner: SimulatedProcess): void {
    const record = this.#records.get(script.call)!;
    const name = `call ${script.call} (${script.does})`;
    record.runs += 1;
    this.expect(record.runs === 1 || script.retried, `${name} ran ${record.runs} times`);
    this.expect(record.told !== 'no', `${name} ran after its caller was told that it did not`);
    const served = (this.#served.get(runner) ?? 0) + 1;
    this.#served.set(runner, served);
    this.expect(!this.#plan.pool.singleUse || served === 1, `${runner.name} is used ${served} times`);
  }

  began(script: CallScript, runner: SimulatedProcess): void {
    const working = this.#working.get(runner) ?? new Set();
    this.#working.set(runner, working.add(script.call));
    const { maxConcurrency } = this.#plan.pool;
    this.expect(working.size <= maxConcurrency, `${runner.name} runs calls ${this.#names(working)}, maxConcurrency is ${maxConcurrency}`);
    this.#active += 1;
  }

  #names(calls: Iterable<number>): string {
    return Array.from(calls, (call) => `${call} (${this.#records.get(call)!.script.does})`).join(', ');
  }

  over(script: CallScript, runner: SimulatedProcess): void {
    this.#working.get(runner)!.delete(script.call);
    this.#active -= 1;
  }

  /** The pool passed a call to a runner; again, if the first runner returned it. */
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
    const open = Array.from(this.#records.values()).filter(({ settled }) => settled === 0);
    this.expect(open.length === 0, `never settled: ${open.map(({ script }) => `call ${script.call} (${script.does})`).join(', ')}`);
    const working = Array.from(this.#working.values()).flatMap((calls) => [...calls]);
    this.expect(working.length === 0, `still at work, though nobody waits for it: calls ${working.join(', ')}`);
    this.check();
  }

  /** `idledOut` is the number of runners that idled out during the last part of the rest. */
  atRest(stats: PoolStats, alive: number, idledOut: number): void {
    const { pool } = this.#plan;
    const ready = stats.runners.filter(({ state }) => state === 'ready').length;
    this.expect(stats.running === 0 && stats.waiting === 0, `at rest, ${stats.running} slots are taken and ${stats.waiting} calls wait`);
    const recycles = pool.minIdleShutdownAfter! < Infinity || pool.maxLifetime! < Infinity;
    this.expect(recycles || idledOut === 0, `at rest, ${idledOut} runners idle out`);
    const least = recycles ? 0 : Math.min(stats.min, stats.max);
    const most = Math.max(stats.min, Math.ceil(pool.headroom! / (pool.singleUse ? 1 : pool.maxConcurrency)) + 1);
    // If runners are replaced by age, up to `max` of them may still be stopping.
    const there = recycles ? stats.runners.filter(({ state }) => state !== 'stopping').length - 2 : stats.runners.length;
    this.expect(ready >= least && there <= most, `the pool rests at ${ready} of ${stats.runners.length} runners, min is ${stats.min}`);
    this.expect(alive <= stats.runners.length + 1, `${alive} runners are alive, ${stats.runners.length} are in its state`);
    this.check();
  }

  atTheEnd(): void {
    this.expect(this.#active === 0, `${this.#active} handlers are at work in the end`);
    this.check();
  }
}
