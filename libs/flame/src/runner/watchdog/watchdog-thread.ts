import type { Lifeline } from '../host/lifeline.js';

/** The words in the shared memory, as indices of an Int32Array. Each has one writer. */
export const word = {
  /** 1 while work runs. Written by the main thread. */
  busy: 0,
  /** 1 while the thread sleeps until work starts. Written by the thread. */
  asleep: 1,
  /** The earliest deadline, in tenths of a second from the watchdog's start, at least 1; 0 for none. Written by the main thread. */
  due: 2,
  /** The number of that deadline's handler, in the order in which the names were posted. Written by the main thread. */
  handler: 3,
  /** The number of the thread's last question that the main thread answered. Written by the main thread. */
  answered: 4,
  /** The port of this process's inspector; 0 while none is open. Written by the main thread. */
  inspector: 5,
  /** Never written: the thread sleeps by waiting for it with a timeout. */
  never: 6,
} as const;

/** The data that the thread gets at its start. */
export interface WatchdogSetup {
  readonly words: Int32Array;
  readonly word: typeof word;
  /** `process.hrtime` at the watchdog's start, in milliseconds: the only clock that both threads share and that cannot be set. */
  readonly startedAt: number;
  readonly grace: number;
  readonly reconnectTimeout: number;
  /** Options for `net.connect`. */
  readonly parent: { readonly path: string } | { readonly host: string; readonly port: number };
  readonly lifeline: Lifeline | undefined;
  readonly pool: string;
  readonly runner: string;
}

/**
 * The program of the watchdog's thread, in plain JavaScript, for `new Worker(watchdogThread, { eval: true })`.
 *
 * It is text because a worker thread loads its program from a file, and apps may bundle this library into one file (docs/cold-start.md): a
 * bundler does not carry along a file that only a `Worker` names. It is not `String(function)` either: transpilers and coverage tools
 * change functions, so that they need variables which the thread does not have. So it cannot import anything of this library.
 *
 * While work runs, `watch` repeats these steps every 250 ms; otherwise it sleeps until `word.busy` changes:
 *
 * 1. Once a second, if the last question was answered: post the next number to the main thread. Its event loop answers by writing the number
 *    to `word.answered`.
 * 2. If `word.due` has been the same passed deadline for `grace`: kill the process. A process that a debugger holds is not killed.
 * 3. If a question has no answer for `reconnectTimeout`: check every two seconds whether the parent is alive, and kill the process if not.
 *
 * The thread counts time in ticks of sleep, and not by the clock. So a process that was suspended for a while (SIGSTOP, a paused container)
 * does not count as blocked: the main thread gets time to answer after it continues.
 */
export const watchdogThread = `'use strict';
const { parentPort, receiveMessageOnPort, workerData } = require('node:worker_threads');
const { fstatSync, readFileSync, readSync, writeSync } = require('node:fs');
const { connect } = require('node:net');
const { words, word, startedAt, grace, reconnectTimeout, parent, lifeline, pool, runner } = workerData;
const tick = 250;
const askEvery = 1000;
const dialTimeout = 1000;
const redialAfter = 1000;
const names = [];

const read = (at) => Atomics.load(words, at);
const sleep = (time) => Atomics.wait(words, word.never, 0, time);
const elapsed = () => Number(process.hrtime.bigint()) / 1e6 - startedAt;

function name(handler) {
  for (let post = receiveMessageOnPort(parentPort); post; post = receiveMessageOnPort(parentPort)) names.push(post.message);
  return names[handler] ?? 'a handler';
}

function kill(why) {
  try {
    // Not with process.stderr, which would wait for the blocked main thread.
    writeSync(2, '[flame] runner ' + runner + ' of pool "' + pool + '" is killed: ' + why + '\\n');
  } catch {
    // The pipe has no reader.
  }
  try {
    // Kills the group, with all processes that handlers spawned, if the runner leads one. kill(-1) would kill every process of the system.
    if (process.pid > 1) process.kill(-process.pid, 'SIGKILL');
  } catch {
    // The runner leads no group.
  }
  process.kill(process.pid, 'SIGKILL');
}

/** As hasDebugger() in system/system-clock.ts. */
function hasDebugger(port) {
  const connected = new RegExp('^ *[0-9]+: [0-9A-F]+:' + port.toString(16).toUpperCase().padStart(4, '0') + ' [0-9A-F]+:[0-9A-F]{4} 01 ', 'm');
  const tables = ['tcp', 'tcp6'].flatMap((table) => {
    try {
      return [readFileSync('/proc/self/net/' + table, 'latin1')];
    } catch {
      return [];
    }
  });
  return tables.length === 0 || tables.some((table) => connected.test(table));
}

/** Whether the parent can be dialled. Errors for a lack of resources in this process say nothing about the parent, so they count as yes. */
function parentAnswers() {
  return new Promise((resolve) => {
    const socket = connect(parent);
    const settle = (answers) => {
      clearTimeout(late);
      socket.destroy();
      resolve(answers);
    };
    const late = setTimeout(settle, dialTimeout, false);
    socket.once('connect', () => settle(true));
    socket.once('error', (error) => settle(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL'].includes(error.code)));
  });
}

/**
 * The lifeline carries no data and is non-blocking, so a read finds its end or fails with EAGAIN. Main closes it when the parent is gone.
 */
function lifelineEnded() {
  try {
    const { ino } = fstatSync(lifeline.fd);
    return ino !== lifeline.ino || readSync(lifeline.fd, Buffer.alloc(1)) === 0;
  } catch (error) {
    return error.code !== 'EAGAIN';
  }
}

async function parentIsGone() {
  if (lifeline) return lifelineEnded();
  if (await parentAnswers()) return false;
  sleep(redialAfter);
  return !(await parentAnswers());
}

async function watch() {
  let asked = 0;
  let sinceAsked = askEvery;
  let dialAfter = reconnectTimeout;
  let lastDue = 0;
  let overdue = 0;
  for (;;) {
    if (!read(word.busy)) {
      Atomics.store(words, word.asleep, 1);
      Atomics.wait(words, word.busy, 0);
      Atomics.store(words, word.asleep, 0);
      lastDue = 0;
    }
    if (read(word.answered) === asked) {
      dialAfter = reconnectTimeout;
      if (sinceAsked >= askEvery) {
        sinceAsked = 0;
        parentPort.postMessage(++asked);
      }
    }
    sleep(tick);
    sinceAsked += tick;

    const due = read(word.due);
    overdue = due !== 0 && due === lastDue && elapsed() > due * 100 ? overdue + tick : 0;
    lastDue = due;
    if (overdue >= grace && read(word.inspector) !== 0 && hasDebugger(read(word.inspector))) overdue = 0;
    if (overdue >= grace) {
      kill('the event loop is blocked, still ' + overdue + ' ms after the deadline of ' + name(read(word.handler)) + '. Let the handler yield to the event loop regularly, or compute in a worker thread');
    }

    if (read(word.answered) === asked || sinceAsked < dialAfter) continue;
    // Not at every tick: the parent may live on while this event loop is blocked.
    dialAfter = sinceAsked + 2000;
    if (await parentIsGone() && read(word.answered) !== asked) kill('its event loop is blocked, and its parent is gone');
  }
}

watch();
`;
