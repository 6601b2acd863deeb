import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readMarks } from '../support/marks.js';
import type { Mark } from '../support/marks.js';
import { childrenOf, isAlive, until } from '../support/process-table.js';
import { SpawnedApp } from '../support/spawned-app.js';

/** Longer than any test here lasts: what happens before it, does not happen because a session was given up. */
const longSession = { reconnectTimeout: 120_000 };

/** A parent at work, with the processes of its runners; all of them end with the test. */
async function startParent(
  doing: string,
  { pool = {}, options = {}, unlinked = 0 }: { pool?: object; options?: object; unlinked?: number } = {},
): Promise<{ app: SpawnedApp; runners: number[]; file: (name: string) => string }> {
  const folder = mkdtempSync(join(tmpdir(), 'flame-survival-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const app = new SpawnedApp('survival/main.js', {
    SURVIVAL_DOING: doing,
    SURVIVAL_FOLDER: folder,
    SURVIVAL_POOL: JSON.stringify(pool),
    SURVIVAL_OPTIONS: JSON.stringify(options),
    SURVIVAL_UNLINKED: String(unlinked),
  });
  await app.line(/^\[parent\] is at it/);
  const runners = descendantsOf(app.pid);
  onTestFinished(() => runners.filter(isAlive).forEach((pid) => process.kill(pid, 'SIGKILL')));
  return { app, runners, file: (name) => join(folder, name) };
}

function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

function marked(file: string, what: string): Mark | undefined {
  return readMarks(file).find((mark) => mark.what === what);
}

async function killed(app: SpawnedApp): Promise<{ at: number; from: number }> {
  const begun = { at: Date.now(), from: performance.now() };
  app.process.kill('SIGKILL');
  await app.exited;
  return begun;
}

describe('A parent that is killed', () => {
  it.each([
    ['idle', 'idles', {}, 1],
    ['at work', 'works', {}, 1],
    ['at work that ignores its abort', 'ignores', {}, 1],
    ['streaming', 'streams', {}, 1],
    ['blocked in an endless loop without a deadline', 'blocks', {}, 1],
    ['of a machine of several processes, one of them blocked', 'blocks', { processes: 2 }, 2],
    ['many and idle', 'idles', { min: 4 }, 4],
  ])('leaves no runner within 10 s: %s', async (_, doing, pool, count) => {
    const { app, runners } = await startParent(doing, { pool });
    expect(runners).toHaveLength(count);
    expect(runners.filter(isAlive)).toEqual(runners);
    const { from } = await killed(app);
    await until(() => !runners.some(isAlive));
    expect(performance.now() - from).toBeLessThan(10_000);
  });

  it('ends linked work at once, and lets unlinked work finish', async () => {
    const { app, runners, file } = await startParent('both', { options: longSession, unlinked: 6_000 });
    expect(runners).toHaveLength(1);
    const { at } = await killed(app);
    await until(() => marked(file('marks'), 'abort') !== undefined);
    expect(runners.filter(isAlive)).toEqual(runners);
    await until(() => !runners.some(isAlive));
    const end = marked(file('unlinked'), 'end')!;
    expect(end.at).toBeGreaterThan(at);
    expect(marked(file('marks'), 'abort')!.at).toBeLessThan(end.at);
    expect(marked(file('unlinked'), 'abort')).toBeUndefined();
  });

  it('limits unlinked work to shutdownTimeout', async () => {
    const { app, runners, file } = await startParent('both', {
      pool: { shutdownTimeout: 1_500 },
      options: longSession,
      unlinked: 600_000,
    });
    const { at } = await killed(app);
    await until(() => !runners.some(isAlive));
    const abort = marked(file('unlinked'), 'abort')!;
    expect(abort.at - at).toBeGreaterThanOrEqual(1_499);
    expect(abort.at).toBeGreaterThan(marked(file('marks'), 'abort')!.at);
  });
});
