import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseDisplay } from './choose-display.js';
import type { Display } from './display.js';

/** Runs `show` as a program: with a folder that is removed at the end, until a signal ends it, with exit code 1 if it fails. */
export async function runShow(show: (display: Display, folder: string, signal: AbortSignal) => Promise<void>): Promise<void> {
  const ended = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => ended.abort(new Error(`ended by ${name}`)));
  const folder = await mkdtemp(join(tmpdir(), 'flame-demo-'));
  using display = chooseDisplay();
  try {
    await show(display, folder, ended.signal);
  } catch (error) {
    // The first failure is the one to tell: that something could not be removed then follows from it.
    const { suppressed, message } = error as Partial<SuppressedError> & Error;
    display.print('', `The demo failed: ${(suppressed as Error | undefined)?.message ?? message}`);
    process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
