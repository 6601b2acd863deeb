import type { PoolView, RunnerView, Sample } from '../src/dashboard/snapshot.js';

/** The time that lanes show, in milliseconds. */
export const timeWindow = 60_000;

/**
 * Tolerated overlap of two calls in one slot, in milliseconds. Their times come from several clocks, so a call may seem to begin before the
 * previous one has ended.
 */
const jitter = 50;

/** A call in a lane. */
export interface Block {
  readonly id: number;
  readonly handler: string;
  readonly from: number;
  /** When the call ended; undefined while it runs. */
  to: number | undefined;
  state: string;
  failed: boolean;
  /** The row in the lane. Concurrent calls of a runner have different rows. */
  readonly row: number;
}

/** The blocks of one runner, from its boot until shortly after its end. */
export class RunnerBlocks {
  readonly blocks: Block[] = [];
  readonly bootFrom: number;
  upAt: number | undefined;
  goneAt: number | undefined;
  view: RunnerView;
  readonly #open = new Map<number, Block>();

  constructor(view: RunnerView, at: number) {
    this.view = view;
    this.bootFrom = at - view.age;
    if (view.state !== 'booting') this.upAt = at - view.age;
  }

  /** The number of rows of the lane: the maximum number of concurrent calls within the window, at least one. */
  get rows(): number {
    return this.blocks.reduce((most, { row }) => Math.max(most, row + 1), 1);
  }

  get running(): readonly Block[] {
    return [...this.#open.values()];
  }

  update(view: RunnerView, at: number): void {
    this.view = view;
    if (view.state !== 'booting') this.upAt ??= at - view.age;
  }

  runs(id: number, handler: string, state: string, from: number): void {
    const block = this.#open.get(id) ?? this.#begin(id, handler, from);
    block.state = state;
  }

  ended(id: number, handler: string, at: number, ran: number, failed = false): void {
    const block = this.#open.get(id) ?? this.#begin(id, handler, at - ran);
    block.failed = failed;
    block.to = at;
    this.#open.delete(id);
  }

  /** Ends all blocks that a complete list of running calls does not contain. */
  keepOnly(ids: ReadonlySet<number>, at: number): void {
    for (const block of this.#open.values()) if (!ids.has(block.id)) this.ended(block.id, block.handler, at, 0);
  }

  gone(at: number): void {
    this.goneAt ??= at;
    this.keepOnly(new Set(), at);
  }

  forget(before: number): void {
    let old = 0;
    while (old < this.blocks.length && (this.blocks[old]!.to ?? Infinity) < before) old++;
    this.blocks.splice(0, Math.max(old, this.blocks.length - 1_500));
  }

  #begin(id: number, handler: string, from: number): Block {
    // The time until which each row is occupied, as far as it is known.
    const until = new Array<number>(Math.max(1, this.view.slots)).fill(-Infinity);
    for (const { to = Infinity, row } of this.blocks.slice(-300)) until[row] = Math.max(until[row] ?? -Infinity, to);
    const free = until.findIndex((at) => at <= from + jitter);
    const row = free === -1 ? until.indexOf(Math.min(...until)) : free;
    const block: Block = { id, handler, from, to: undefined, state: 'running', failed: false, row };
    this.blocks.push(block);
    this.#open.set(id, block);
    return block;
  }
}

/** The data of a pool's lanes: its runners with their calls, and the number of waiting calls over time. */
export class PoolBlocks {
  readonly runners = new Map<string, RunnerBlocks>();
  readonly waits: { at: number; waiting: number }[] = [];
  /** The number of calls that ended, for each snapshot. */
  readonly #ends: { at: number; count: number }[] = [];

  /** Ended calls per second, over the last ten seconds. */
  get rate(): number {
    const first = this.#ends[0];
    const last = this.#ends.at(-1);
    if (!first || !last || last.at === first.at) return 0;
    return this.#ends.slice(1).reduce((sum, { count }) => sum + count, 0) / ((last.at - first.at) / 1_000);
  }

  /** Whether any lane has a call to show. */
  get any(): boolean {
    return [...this.runners.values()].some(({ blocks }) => blocks.length > 0);
  }

  /** Adds the numbers of waiting calls from before this page was opened. */
  waited(samples: readonly Sample[]): void {
    this.waits.push(...samples.map(({ at, waiting }) => ({ at, waiting })));
  }

  take(view: PoolView, at: number): void {
    for (const runner of view.runners) {
      const known = this.runners.get(runner.id);
      if (known) known.update(runner, at);
      else this.runners.set(runner.id, new RunnerBlocks(runner, at));
    }
    for (const { id, handler, runner, at: end, ran, failed } of view.ended) this.runners.get(runner)?.ended(id, handler, end, ran, failed);
    for (const { id, handler, runner, state, for: ran } of view.work) this.runners.get(runner ?? '')?.runs(id, handler, state, at - ran);
    const there = new Set(view.runners.map(({ id }) => id));
    const running = new Set(view.work.map(({ id }) => id));
    for (const [id, runner] of this.runners) {
      if (!there.has(id)) runner.gone(at);
      // The list is complete unless it reached its limit.
      else if (view.work.length >= view.running) runner.keepOnly(running, at);
      runner.forget(at - timeWindow - 5_000);
      if (runner.goneAt !== undefined && runner.goneAt < at - 6_000) this.runners.delete(id);
    }
    this.waits.push({ at, waiting: view.waiting });
    while (this.waits[0]!.at < at - timeWindow - 5_000) this.waits.shift();
    this.#ends.push({ at, count: view.ended.length + view.more });
    while (this.#ends[0]!.at < at - 10_000) this.#ends.shift();
  }
}
