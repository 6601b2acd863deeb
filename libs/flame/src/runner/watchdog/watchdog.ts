import { Worker } from 'node:worker_threads';
import type { FlameLog } from '../../core/flame-log.js';
import { inspectorPort } from '../../system/system-clock.js';
import type { Lifeline } from '../host/lifeline.js';
import { watchdogThread, word } from './watchdog-thread.js';
import type { WatchdogSetup } from './watchdog-thread.js';

/** Options of a watchdog. */
export interface WatchdogOptions {
  readonly pool: string;
  readonly runner: string;
  /** The parent's address: `unix:/path` or `host:port`. */
  readonly address: string;
  /** Shows on the parent's host whether the parent is alive. Without it, the watchdog dials the parent. */
  readonly lifeline?: Lifeline | undefined;
  /** How long the event loop may be blocked before the watchdog checks whether the parent is still there, in milliseconds. */
  readonly reconnectTimeout: number;
  /**
   * How long the event loop may be blocked after a deadline, in milliseconds.
   *
   * @default 1_000
   */
  readonly grace?: number;
  readonly log: FlameLog;
}

/**
 * Ends this process when a handler blocks its event loop. Code on that event loop cannot do this, so a thread watches it through shared
 * memory.
 *
 * The thread sends SIGKILL in two cases, and a line on stderr says which:
 *
 * - A published deadline passed more than `grace` ago, and the main thread has not published another.
 * - The main thread has not answered for `reconnectTimeout`, and the parent is gone: the lifeline has ended, or, without a lifeline, two
 * attempts to dial the parent, a second apart, have failed.
 *
 * The thread starts with the watchdog, beside the main thread. This takes some milliseconds of the main thread, and 30 ms and 10 MB of its
 * own. So start it when the runner waits anyway. While no work runs, the thread sleeps; while work runs, it wakes four times a second. The
 * main thread pays for a comparison, and for a plain store when the earliest deadline moves by a tenth of a second.
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
    const workerData: WatchdogSetup = {
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
    // The thread does not need the app's loaders, preloads and environment.
    this.#thread = new Worker(watchdogThread, { eval: true, workerData, env: {}, execArgv: [], name: 'flame watchdog' });
    this.#thread.on('message', (question: number) => {
      this.#tellInspector();
      Atomics.store(this.#words, word.answered, question);
    });
    this.#thread.on('error', (error: unknown) => {
      log.warn(
        `the watchdog of this runner ended: ${String(error)}. From now on, a runner whose handler blocks the event loop is not killed at the deadline`,
      );
    });
    // Call `unref` after adding the listeners, because a listener keeps the process alive again.
    this.#thread.unref();
  }

  /** Publishes the earliest deadline of the running work, on the clock of `performance.now()`; Infinity if there is none. */
  deadline(at: number, handler: string): void {
    // Rounded up; 2^31 tenths of a second are more than six years.
    const due = at === Infinity ? 0 : Math.min(2 ** 31 - 1, Math.max(1, Math.ceil((at - this.#startedAt) / 100)));
    if (due === this.#due && handler === this.#handler) return;
    if (due !== 0 && handler !== this.#handler) this.#name(handler);
    this.#due = due;
    Atomics.store(this.#words, word.due, due);
  }

  /** Publishes whether work runs. The thread sleeps while none does. */
  busy(works: boolean): void {
    if (works) this.#tellInspector();
    Atomics.store(this.#words, word.busy, works ? 1 : 0);
    if (works && Atomics.load(this.#words, word.asleep) === 1) Atomics.notify(this.#words, word.busy);
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.#thread.terminate();
  }

  /** The thread finds a debugger, which may hold this process, by the inspector's port. */
  #tellInspector(): void {
    Atomics.store(this.#words, word.inspector, inspectorPort() ?? 0);
  }

  /** Posts each name once; afterwards its number stands for it. */
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

function target(address: string): WatchdogSetup['parent'] {
  if (address.startsWith('unix:')) return { path: address.slice('unix:'.length) };
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(colon + 1)) };
}
