import { setTimeout as pause } from 'node:timers/promises';
import type { PoolStats } from 'nestjs-flame';
import type { AppClient } from './app-client.js';
import type { ProcessEntry } from './process-table.js';
import { descendantsOf, readProcessTable } from './process-table.js';

/** Time between two looks at the pool. */
const every = 100;

/** Looks at the app's pool, and at its processes, as long as the demo runs, and remembers what it saw. */
export class PoolWatch implements AsyncDisposable {
  /** The pool as last seen. */
  stats: PoolStats | undefined;
  /** Ready runners at each look. */
  readonly history: number[] = [];
  /** Every process that was seen under the app: runners, and what they started. */
  readonly processes = new Map<string, ProcessEntry>();
  /** The most runners at once. */
  peak = 0;
  /** Milliseconds from the first runner being made to the first being ready; undefined until then. */
  firstUp: number | undefined;
  readonly #client: AppClient;
  readonly #app: number;
  readonly #over = new AbortController();
  readonly #looking: Promise<void>;
  readonly #heard = new Set<() => void>();
  #firstSeen = 0;
  #failed: Error | undefined;

  constructor(client: AppClient, app: number) {
    this.#client = client;
    this.#app = app;
    this.#looking = this.#look();
  }

  /** Resolves as soon as a look shows the pool so. */
  async until(condition: (stats: PoolStats) => boolean, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#failed) throw this.#failed;
      if (this.stats && condition(this.stats)) return;
      await new Promise<void>((resolve) => {
        const go = (): void => {
          this.#heard.delete(go);
          signal.removeEventListener('abort', go);
          resolve();
        };
        this.#heard.add(go);
        signal.addEventListener('abort', go, { once: true });
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { signal } = this.#over;
    try {
      while (!signal.aborted) {
        this.#take(await this.#client.pool(signal));
        for (const entry of descendantsOf(this.#app, await readProcessTable())) this.processes.set(`${entry.pid} ${entry.started}`, entry);
        await pause(every, undefined, { signal });
      }
    } catch (error) {
      if (!signal.aborted) this.#failed = new Error(`The pool cannot be seen any more: ${(error as Error).message}`, { cause: error });
    }
    this.#notify();
  }

  #take(stats: PoolStats): void {
    const ready = stats.runners.filter(({ state }) => state === 'ready').length;
    const now = performance.now();
    if (stats.runners.length > 0) this.#firstSeen ||= now;
    if (ready > 0) this.firstUp ??= now - this.#firstSeen;
    this.peak = Math.max(this.peak, ready);
    this.history.push(ready);
    this.stats = stats;
    this.#notify();
  }

  #notify(): void {
    for (const go of this.#heard) go();
  }
}
