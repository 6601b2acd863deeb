import { AsyncResource } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import { EventStreams, eventText } from './event-streams.js';
import { sampleEvery } from './history.js';
import type { PoolWatch } from './pool-watch.js';
import type { Hello, Snapshot } from './snapshot.js';

/** Milliseconds between two snapshots: short enough that changes seem immediate; a page costs two small messages a second. */
export const snapshotEvery = 500;

/**
 * The events for the pages: a snapshot of all pools twice a second, and a new history sample every ten seconds. Without open pages it only
 * takes the samples. It owns its timers and the pages' streams.
 */
export class LiveFeed {
  readonly #pools: readonly PoolWatch[];
  readonly #about: Pick<Hello, 'instance' | 'token'>;
  readonly #streams = new EventStreams();
  /** Runs the snapshots for all pages outside of the async context of the first page's request. */
  readonly #scope = new AsyncResource('FLAMEDASHBOARD');
  readonly #sampling: NodeJS.Timeout;
  #publishing: NodeJS.Timeout | undefined;

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

  /** Adds a page. It gets the current state, and then the events. */
  watch(response: ServerResponse): void {
    for (const pool of this.#pools) pool.follow();
    this.#streams.add(response, () => this.#left());
    response.write(eventText('hello', this.#hello()));
    this.#publishing ??= this.#scope.runInAsyncScope(() => setInterval(() => this.publish(), snapshotEvery).unref());
    this.publish();
  }

  /** Sends a snapshot to all pages at once, for example after an action. */
  publish(): void {
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
    clearInterval(this.#publishing);
    this.#publishing = undefined;
    for (const pool of this.#pools) pool.unfollow();
  }
}
