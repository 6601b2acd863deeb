import { AsyncResource } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import { EventStreams, eventText } from './event-streams.js';
import { sampleEvery } from './history.js';
import type { PoolWatch } from './pool-watch.js';
import type { Hello, Snapshot } from './snapshot.js';

/** Milliseconds between two snapshots: what happens is seen at once, and a page costs two small messages a second. */
export const snapshotEvery = 500;

/**
 * What pages are told: twice a second how the pools are, every ten seconds another sample of the last hour. Without a page it takes the
 * samples and does nothing else. It owns its timers and the pages' streams.
 */
export class LiveFeed {
  readonly #pools: readonly PoolWatch[];
  readonly #about: Pick<Hello, 'instance' | 'token'>;
  readonly #streams = new EventStreams();
  /** The first page's request is not to be seen in what all pages are told. */
  readonly #scope = new AsyncResource('FLAMEDASHBOARD');
  readonly #sampling: NodeJS.Timeout;
  #telling: NodeJS.Timeout | undefined;

  constructor(pools: readonly PoolWatch[], about: Pick<Hello, 'instance' | 'token'>) {
    this.#pools = pools;
    this.#about = about;
    this.#sampling = setInterval(() => this.#sample(), sampleEvery).unref();
  }

  get hasRoom(): boolean {
    return this.#streams.hasRoom;
  }

  get closed(): boolean {
    return this.#streams.closed;
  }

  /** Lets a page watch: it gets what there is, then what happens. */
  watch(response: ServerResponse): void {
    for (const pool of this.#pools) pool.follow();
    this.#streams.add(response, () => this.#left());
    response.write(eventText('hello', this.#hello()));
    this.#telling ??= this.#scope.runInAsyncScope(() => setInterval(() => this.tell(), snapshotEvery).unref());
    this.tell();
  }

  /** Tells all pages how the pools are now: after an order, so that it is seen at once. */
  tell(): void {
    if (this.#streams.count === 0) return;
    const at = Date.now();
    this.#streams.send('snapshot', { at, pools: this.#pools.map((pool) => pool.view()) } satisfies Snapshot, at);
  }

  close(): void {
    clearInterval(this.#sampling);
    this.#rest();
    this.#streams.close();
  }

  #hello(): Hello {
    return {
      ...this.#about,
      every: sampleEvery,
      history: Object.fromEntries(this.#pools.map(({ name, history }) => [name, history])),
      failures: Object.fromEntries(this.#pools.map(({ name, failures }) => [name, failures])),
    };
  }

  #sample(): void {
    const at = Date.now();
    const samples = Object.fromEntries(this.#pools.map((pool) => [pool.name, pool.sample()]));
    this.#streams.send('sample', samples, at);
  }

  #left(): void {
    if (this.#streams.count === 0) this.#rest();
  }

  #rest(): void {
    clearInterval(this.#telling);
    this.#telling = undefined;
    for (const pool of this.#pools) pool.unfollow();
  }
}
