import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import type { Hello, PoolView, Snapshot } from '../../libs/flame/src/dashboard/snapshot.js';

interface Told {
  readonly hello: Hello;
  readonly snapshot: Snapshot;
}

/** Reads the dashboard's stream of events without a browser. Ends with the test. */
export class Watching {
  readonly ended: Promise<void>;
  readonly #told: { event: string; data: unknown }[] = [];
  readonly #looks = new Set<() => void>();

  private constructor(response: IncomingMessage) {
    let event = '';
    this.ended = new Promise((resolve) => response.once('close', resolve));
    response.on('error', () => undefined);
    const lines = createInterface(response);
    // The stream fails when a test kills the app.
    lines.on('error', () => undefined);
    lines.on('line', (line) => {
      if (line.startsWith('event: ')) event = line.slice(7);
      if (!line.startsWith('data: ')) return;
      this.#told.push({ event, data: JSON.parse(line.slice(6)) });
      for (const look of this.#looks) look();
    });
  }

  static start(url: string): Promise<Watching> {
    return new Promise((resolve, reject) => {
      const request = get(url, { agent: false }, (response) => {
        if (response.statusCode === 200) return resolve(new Watching(response));
        response.resume();
        reject(new Error(`${url} answered ${response.statusCode}`));
      });
      request.on('error', reject);
      onTestFinished(() => void request.destroy());
    });
  }

  /** The first event of a kind. */
  next<K extends keyof Told>(kind: K): Promise<Told[K]> {
    return this.#first(({ event, data }) => (event === kind ? (data as Told[K]) : undefined));
  }

  /** Resolves to the first snapshot of the pool "work" for which the condition holds. */
  until(holds: (pool: PoolView) => boolean): Promise<PoolView> {
    return this.#first(({ event, data }) => {
      if (event !== 'snapshot') return undefined;
      const pool = (data as Snapshot).pools.find(({ name }) => name === 'work')!;
      return holds(pool) ? pool : undefined;
    });
  }

  /** Searches the events that were not searched yet, and waits for more. */
  #first<T>(find: (told: { event: string; data: unknown }) => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const look = (): void => {
        for (let told = this.#told.shift(); told; told = this.#told.shift()) {
          const found = find(told);
          if (found === undefined) continue;
          this.#looks.delete(look);
          return resolve(found);
        }
      };
      this.#looks.add(look);
      look();
    });
  }
}
