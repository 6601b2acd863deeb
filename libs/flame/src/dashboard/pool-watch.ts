import type { Subscription } from 'rxjs';
import type { Pool } from '../pool/pool.js';
import type { PoolMetrics, RunnerMetrics } from '../core/metrics/pool-metrics.js';
import type { PoolEvent } from '../pool/observe/pool-event.js';
import type { RunnerStats } from '../pool/observe/pool-stats.js';
import { CpuShares, PoolHistory } from './history.js';
import type { EndedView, FailureView, PoolView, RunnerView, Sample } from './snapshot.js';
import { whyWaiting } from './why-waiting.js';

/** Limits of one snapshot of a pool: calls of each kind, ended calls, failures, and characters of a failure's message. */
const mostCalls = 400;
const mostEnded = 300;
const mostFailures = 20;
const longestMessage = 1_000;

/**
 * The dashboard's data of one pool. It always takes the samples of the last hour, but follows single calls only while a page is open,
 * because each event costs the pool's hot path a little. Between two snapshots it records at most `mostEnded` calls, and then unsubscribes
 * until the next snapshot.
 */
export class PoolWatch {
  readonly name: string;
  readonly #pool: Pool;
  readonly #history: PoolHistory;
  readonly #cpu = new CpuShares();
  #watched = false;
  #following: Subscription | undefined;
  #ended: EndedView[] = [];
  /** Calls that have failed and still hold their slots. */
  readonly #failing = new Set<number>();
  /** The number of ended calls at the last snapshot. */
  #endedBefore = 0;
  #endedAtSample = 0;
  #toldFailure: unknown;

  constructor(pool: Pool) {
    this.name = pool.name;
    this.#pool = pool;
    this.#history = new PoolHistory(pool.metrics());
  }

  get history(): readonly Sample[] {
    return this.#history.samples;
  }

  get failures(): FailureView[] {
    return this.#pool.failures.slice(0, mostFailures).map((failure) => ({ ...failure, message: failure.message.slice(0, longestMessage) }));
  }

  sample(): Sample {
    const metrics = this.#pool.metrics();
    this.#endedAtSample = endedSoFar(metrics);
    return this.#history.take(metrics);
  }

  /** Follows single calls from now on. Idempotent. */
  follow(): void {
    if (this.#watched) return;
    this.#watched = true;
    this.#endedBefore = endedSoFar(this.#pool.metrics());
    this.#listen();
  }

  unfollow(): void {
    this.#watched = false;
    this.#standAside();
    this.#ended = [];
  }

  /** The current state of the pool, with the events since the last snapshot. */
  view(): PoolView {
    const stats = this.#pool.stats();
    const metrics = this.#pool.metrics();
    this.#cpu.take(metrics.perRunner, metrics.at);
    const bootFailure = this.#pool.failures[0]?.type === 'boot' ? this.#pool.failures[0].message : undefined;
    const { running, waiting } = this.#pool.calls(mostCalls);
    const ended = this.#ended;
    const endedNow = endedSoFar(metrics);
    const view: PoolView = {
      name: this.name,
      backend: metrics.backend,
      min: metrics.min,
      max: metrics.max,
      running: metrics.slotsUsed,
      slots: metrics.slots,
      waiting: metrics.waiting,
      waitingFor: Math.round(metrics.waitingFor),
      why: whyWaiting(stats, bootFailure),
      paused: stats.paused,
      draining: metrics.draining,
      runners: metrics.perRunner.map((runner, n) => this.#runner(runner, stats.runners[n])),
      work: running.map(({ id, handler, runner, state, ran }) => ({ id, handler, runner, state, for: Math.round(ran) })),
      queue: waiting.map(({ id, handler, runner, state, waited }) => ({ id, handler, runner, state, for: Math.round(waited) })),
      ended,
      more: Math.max(0, endedNow - this.#endedBefore - ended.length),
      unsampled: endedNow - this.#endedAtSample,
      failures: this.#newFailures(),
      cost: { paid: metrics.paid / 1_000, used: metrics.used / 1_000 },
    };
    this.#ended = [];
    this.#endedBefore = endedNow;
    if (this.#watched) this.#listen();
    return view;
  }

  /** `metrics` and `stats` are read in one turn of the event loop, so both lists have the same order. */
  #runner(metrics: RunnerMetrics, stats: RunnerStats | undefined): RunnerView {
    const { runner: id, state, phase, slots, slotsUsed, served, age, exists, processStats } = metrics;
    return {
      id,
      machine: stats?.machine,
      state,
      phase: state === 'booting' ? phase : undefined,
      load: slotsUsed,
      slots,
      served,
      age: Math.round(state === 'booting' ? exists : age),
      suspended: stats?.suspended ?? false,
      cpu: this.#cpu.of(id),
      memory: processStats?.memory,
      lag: processStats?.delayMax,
    };
  }

  #newFailures(): FailureView[] | undefined {
    const newest = this.#pool.failures[0];
    if (newest === this.#toldFailure) return undefined;
    this.#toldFailure = newest;
    return this.failures;
  }

  #note(event: PoolEvent): void {
    if (failed(event)) this.#failing.add(event.call);
    if (event.type !== 'call-ended') return;
    const { call, handler, runner, at, ran } = event;
    this.#ended.push({ id: call, handler, runner, at, ran: Math.round(ran), failed: this.#failing.delete(call) });
    if (this.#ended.length >= mostEnded) this.#standAside();
  }

  #listen(): void {
    this.#following ??= this.#pool.events$.subscribe((event) => this.#note(event));
  }

  #standAside(): void {
    this.#following?.unsubscribe();
    this.#following = undefined;
    this.#failing.clear();
  }
}

/** Whether an event reports that a call on a runner failed. The event for the end of its slot follows later. */
function failed(event: PoolEvent): event is PoolEvent & { type: 'call-answered' | 'call-failed' } {
  if (event.type === 'call-answered') return event.outcome === 'threw';
  return event.type === 'call-failed' && event.runner !== undefined;
}

/** The number of calls that have released their slots. */
function endedSoFar({ duration }: PoolMetrics): number {
  return duration.counts.reduce((sum, count) => sum + count, 0);
}
