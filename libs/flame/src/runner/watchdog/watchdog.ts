import { Worker } from 'node:worker_threads';
import type { FlameLog } from '../../core/flame-log.js';
import { inspectorPort } from '../../system/inspector.js';
import type { Lifeline } from '../host/lifeline.js';
import { watchdogThread, word } from './watchdog-thread.js';
import type { WatchdogOrders } from './watchdog-thread.js';

/** What a watchdog is told at its start. */
export interface WatchdogOptions {
  readonly pool: string;
  readonly runner: string;
  /** Where the parent is dialled: `unix:/path` or `host:port`. */
  readonly address: string;
  /** What alone says whether the parent lives, on its host; without it the parent is dialled. */
  readonly lifeline?: Lifeline | undefined;
  /** How long the event loop may be blocked before the watchdog looks whether the parent is still there. */
  readonly reconnectTimeout: number;
  /**
   * How long the event loop may be blocked past a deadline.
   *
   * @default 1_000
   */
  readonly grace?: number;
  readonly log: FlameLog;
}

/**
 * Ends this process when a handler blocks its event loop, which nothing on that event loop can do: a thread that looks on through shared
 * memory.
 *
 * SIGKILL comes when a published deadline has passed by `grace` and main has not published another, and when main has not answered for
 * `reconnectTimeout` and the parent is gone: the lifeline has ended, or without one, the parent cannot be dialled, twice, a second apart. A
 * line on stderr says which. The thread starts with the watchdog, beside the main thread (some milliseconds of it, 30 ms and 10 MB of its
 * own), so start it where the runner waits anyway. While no work runs it sleeps; while work runs it wakes four times a second. Main pays
 * for a comparison, and for a plain store where the earliest deadline moves by a tenth of a second.
 *
 * Process 1 of a container cannot be killed from inside it: give the container an init.
 */
export class Watchdog {
  readonly #words = new Int32Array(new SharedArrayBuffer(Object.keys(word).length * Int32Array.BYTES_PER_ELEMENT));
  readonly #startedAt = performance.now();
  readonly #numbers = new Map<string, number>();
  readonly #thread: Worker;
  #due = 0;
  #handler = '';

  constructor({ pool, runner, address, lifeline, reconnectTimeout, grace = 1_000, log }: WatchdogOptions) {
    const startedAt = Number(process.hrtime.bigint()) / 1e6;
    const workerData: WatchdogOrders = {
      words: this.#words,
      word,
      startedAt,
      grace,
      reconnectTimeout,
      parent: target(address),
      lifeline,
      pool,
      runner,
    };
    // Without the app's loaders, preloads and environment, which it has no use for.
    this.#thread = new Worker(watchdogThread, { eval: true, workerData, env: {}, execArgv: [], name: 'flame watchdog' });
    this.#thread.on('message', (question: number) => {
      this.#tellInspector();
      Atomics.store(this.#words, word.answered, question);
    });
    this.#thread.on('error', (error: unknown) => {
      log.warn(
        `the watchdog of this runner ended: ${String(error)}. A handler that blocks the event loop is not killed any more at its deadline`,
      );
    });
    // After the listeners, which would hold the process again.
    this.#thread.unref();
  }

  /** Publishes the earliest deadline of what runs, as `performance.now()` counts; Infinity when there is none. */
  deadline(at: number, handler: string): void {
    // Rounded up; 2^31 tenths of a second are more than six years.
    const due = at === Infinity ? 0 : Math.min(2 ** 31 - 1, Math.max(1, Math.ceil((at - this.#startedAt) / 100)));
    if (due === this.#due && handler === this.#handler) return;
    if (due !== 0 && handler !== this.#handler) this.#name(handler);
    this.#due = due;
    Atomics.store(this.#words, word.due, due);
  }

  /** Says whether work runs: the thread sleeps while none does. */
  busy(works: boolean): void {
    if (works) this.#tellInspector();
    Atomics.store(this.#words, word.busy, works ? 1 : 0);
    if (works && Atomics.load(this.#words, word.asleep) === 1) Atomics.notify(this.#words, word.busy);
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.#thread.terminate();
  }

  /** What may hold this process is found by the port. */
  #tellInspector(): void {
    Atomics.store(this.#words, word.inspector, inspectorPort() ?? 0);
  }

  /** A name is posted once, and from then on it is a number. */
  #name(handler: string): void {
    let number = this.#numbers.get(handler);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(handler, number);
      this.#thread.postMessage(handler);
    }
    this.#handler = handler;
    Atomics.store(this.#words, word.handler, number);
  }
}

function target(address: string): WatchdogOrders['parent'] {
  if (address.startsWith('unix:')) return { path: address.slice('unix:'.length) };
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(colon + 1)) };
}
