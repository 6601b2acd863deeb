// A process with a watchdog: node watched.mjs <what it does> <its parent's address> <whether it has a lifeline, as file descriptor 3>
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { watchLifeline } from '../../../libs/flame/dist/runner/host/lifeline.js';
import { Watchdog } from '../../../libs/flame/dist/runner/watchdog/watchdog.js';

const [doing, address, held] = process.argv.slice(2);
const lifeline = held && watchLifeline(3, () => {});
const log = { warn: (text) => console.log(text) };
const watchdog = new Watchdog({ pool: 'videos', runner: 'runner-1', address, lifeline, reconnectTimeout: 500, log });

const block = (time) => {
  for (const end = performance.now() + time; performance.now() < end;);
};

/** The number of times that each thread of this process, except the main thread, went to sleep so far. */
const sleeps = () =>
  readdirSync('/proc/self/task')
    .filter((task) => Number(task) !== process.pid)
    .map((task) => Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`/proc/self/task/${task}/status`, 'utf8'))[1]));

const doings = {
  async loops() {
    watchdog.busy(true);
    watchdog.deadline(performance.now() + 60_000, 'Other.first');
    watchdog.deadline(performance.now() + 300, 'Videos.thumbnails');
    console.log(`deadline in 300 ms`);
    for (;;);
  },
  /** Blocks for long times, again and again, but always returns to the event loop before its deadline. */
  async breathes() {
    watchdog.busy(true);
    for (let i = 0; i < 4; i++) {
      watchdog.deadline(performance.now() + 300, 'Videos.thumbnails');
      block(700);
      await delay(0);
    }
    watchdog.deadline(Infinity, '');
    block(1_500);
  },
  /** Is stopped (SIGSTOP) and continued while it computes, and reaches its deadline only some time after that. */
  async pauses() {
    let over = false;
    watchdog.busy(true);
    watchdog.deadline(performance.now() + 500, 'Videos.thumbnails');
    setTimeout(() => {
      over = true;
      watchdog.deadline(Infinity, '');
    }, 500);
    console.log('runs');
    while (!over) {
      for (let i = 0; i < 200_000_000; i++);
      await delay(0);
    }
    await delay(1_000);
  },
  /** Blocks without a deadline. */
  async blocks() {
    watchdog.busy(true);
    watchdog.deadline(Infinity, '');
    await delay(100);
    block(3_500);
    watchdog.busy(false);
  },
  async blocksIdle() {
    await delay(500);
    block(3_000);
  },
  /** Reports how often its watchdog, the thread that woke up most often, woke up during work and without work. */
  async sleeps() {
    watchdog.busy(true);
    await delay(500);
    const before = sleeps();
    await delay(2_000);
    const busy = sleeps().map((count, thread) => count - before[thread]);
    watchdog.busy(false);
    await delay(500);
    const between = sleeps();
    await delay(2_000);
    const thread = busy.indexOf(Math.max(...busy));
    console.log(JSON.stringify({ busy: busy[thread], idle: sleeps()[thread] - between[thread] }));
  },
  /** Begins and ends work many times, so that the watchdog goes to sleep and wakes up. */
  async wakes() {
    for (let i = 0; i < 3; i++) {
      await delay(300);
      watchdog.busy(true);
      watchdog.deadline(performance.now() + 10_000, 'Videos.thumbnails');
      await delay(300);
      watchdog.deadline(Infinity, '');
      watchdog.busy(false);
    }
    await delay(300);
    await doings.loops();
  },
  async closes() {
    watchdog.busy(true);
    await watchdog.close();
    await watchdog.close();
  },
  async ends() {},
};

await doings[doing]();
console.log('ends');
