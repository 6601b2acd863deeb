import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { watchdogThread, word } from './watchdog-thread.js';
import type { WatchdogSetup } from './watchdog-thread.js';

// What it does to a blocked process is shown by processes, in test/e2e.
describe('watchdogThread', () => {
  let thread: Worker | undefined;
  afterEach(() => thread?.terminate());

  it('runs standalone, and probes the main thread again after its answer', async () => {
    const words = new Int32Array(new SharedArrayBuffer(7 * 4));
    words[word.busy] = 1;
    const startedAt = Number(process.hrtime.bigint()) / 1e6;
    const workerData: WatchdogSetup = {
      words,
      word,
      startedAt,
      grace: 1_000,
      reconnectTimeout: 60_000,
      parent: { path: '/' },
      lifeline: undefined,
      pool: 'p',
      runner: 'r',
    };
    thread = new Worker(watchdogThread, { eval: true, workerData });
    expect(await once(thread, 'message')).toEqual([1]);
    Atomics.store(words, word.answered, 1);
    expect(await once(thread, 'message')).toEqual([2]);
  });
});
