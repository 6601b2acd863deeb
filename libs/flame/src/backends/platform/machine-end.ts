import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

/** Node's longest timer, in milliseconds. */
export const longestTimer = 2 ** 31 - 1;

/** Whether a machine ends within `time` milliseconds. */
export async function endsWithin({ exited }: { readonly exited: Promise<unknown> }, time: number): Promise<boolean> {
  const done = new AbortController();
  const late = pause(Math.min(time, longestTimer), false, { signal: done.signal }).catch(() => false);
  const ended = await Promise.race([exited.then(() => true), late]);
  done.abort();
  return ended;
}

/** The signal that ended a process whose init process or shell exited with this code: 128 plus the number of the signal. */
export function signalOfExitCode(code: number): NodeJS.Signals | undefined {
  return code > 128 ? signalOfNumber(code - 128) : undefined;
}

/** The name of a signal; undefined if no signal has this number. */
export function signalOfNumber(number: number): NodeJS.Signals | undefined {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] as NodeJS.Signals | undefined;
}
