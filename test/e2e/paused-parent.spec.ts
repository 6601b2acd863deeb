import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readMarks, tally } from '../support/marks.js';
import { childrenOf, isAlive, until } from '../support/process-table.js';
import { SpawnedApp } from '../support/spawned-app.js';

/** Long past `reconnectTimeout`, which is half a second here. */
const long = 2_500;

/** A parent, and what its calls and runners leave behind. Its sockets are in a folder of its own. */
function startParent(doing: string, pool: object = {}, options: object = { reconnectTimeout: 500 }) {
  const folder = mkdtempSync(join(tmpdir(), 'flame-paused-'));
  const app = new SpawnedApp('survival/main.js', {
    TMPDIR: folder,
    SURVIVAL_DOING: doing,
    SURVIVAL_FOLDER: folder,
    SURVIVAL_POOL: JSON.stringify(pool),
    SURVIVAL_OPTIONS: JSON.stringify(options),
  });
  const marks = () => tally(readMarks(join(folder, 'marks')));
  /** The runners that have booted, by the processes that they are. */
  const booted = (): number[] => {
    try {
      return readFileSync(join(folder, 'runners'), 'utf8').trim().split('\n').map(Number);
    } catch {
      return [];
    }
  };
  onTestFinished(async () => {
    app.process.kill('SIGKILL');
    await app.exited;
    for (const pid of booted()) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return { app, marks, booted, folder };
}

const answers = (app: SpawnedApp): string[] => app.lines.filter((line) => /^\[parent\] (answered|failed)/.test(line));

describe('A parent that is paused', () => {
  it('keeps its runners, and gets the answers that arrived meanwhile', async () => {
    const { app, marks, booted } = startParent('asks');
    await app.line(/is at it/);
    const [runner] = booted();
    app.process.kill('SIGSTOP');
    await until(() => marks().get('end') === 2);
    await pause(long);
    app.process.kill('SIGCONT');
    await until(() => answers(app).length === 2);
    expect(answers(app).sort()).toEqual([`[parent] answered ${runner}`, '[parent] answered 8000000 bytes'].sort());
    expect(booted()).toEqual([runner]);
    expect(marks()).toEqual(
      new Map([
        ['begin', 2],
        ['end', 2],
      ]),
    );
  });

  it('accepts a runner that connected while it was paused', async () => {
    const { app, booted } = startParent('asksFirst');
    await until(() => childrenOf(app.pid).length > 0);
    app.process.kill('SIGSTOP');
    await until(() => booted().length > 0);
    await pause(long);
    app.process.kill('SIGCONT');
    await app.line(/answered|failed/);
    expect(answers(app)).toEqual([`[parent] answered ${booted()[0]}`]);
    expect(booted()).toHaveLength(1);
  });

  it('gets the answers of a runner that stops meanwhile', async () => {
    // So that the answer is more than what lies ready for the parent when the runner has gone.
    const { app, marks, booted } = startParent('asks', {}, { reconnectTimeout: 500, sharedMemoryFrom: 1_000_000_000 });
    await app.line(/is at it/);
    app.process.kill('SIGSTOP');
    process.kill(booted()[0]!, 'SIGTERM');
    await until(() => marks().get('end') === 2);
    await pause(long);
    app.process.kill('SIGCONT');
    await app.line(/answered 8000000 bytes|failed/);
    expect(answers(app).join()).not.toContain('failed');
  });

  it.each([
    ['idle', 'idles', {}, 1],
    ['at work', 'works', {}, 1],
    ['of a machine of two processes, one of them blocked', 'blocks', { processes: 2 }, 2],
  ])('leaves no runner when it is killed then: %s', async (_, doing, pool, count) => {
    const { app, booted } = startParent(doing, pool, { reconnectTimeout: doing === 'blocks' ? 500 : 120_000 });
    await app.line(/is at it/);
    const runners = booted();
    expect(runners).toHaveLength(count);
    app.process.kill('SIGSTOP');
    await pause(long);
    expect(runners.filter(isAlive)).toEqual(runners);
    app.process.kill('SIGKILL');
    const from = performance.now();
    await until(() => !runners.some(isAlive));
    expect(performance.now() - from).toBeLessThan(5_000);
  });
});

describe('A parent that blocks its event loop', () => {
  it('keeps its runners, and gets the answers that arrived meanwhile, although the timeouts of their calls have passed', async () => {
    const { app, marks, booted } = startParent('asksAndBlocks', { handlerTimeout: 2_000 });
    await until(() => answers(app).length === 2);
    expect(answers(app).sort()).toEqual([`[parent] answered ${booted()[0]}`, '[parent] answered 8000000 bytes'].sort());
    expect(booted()).toHaveLength(1);
    expect(marks().get('begin')).toBe(2);
  });
});

describe('A runner that is paused', () => {
  it('is not lost', async () => {
    const { app, booted } = startParent('asks');
    await app.line(/is at it/);
    const [runner] = booted();
    process.kill(runner!, 'SIGSTOP');
    await pause(long);
    process.kill(runner!, 'SIGCONT');
    await until(() => answers(app).length === 2);
    expect(answers(app)).toContain(`[parent] answered ${runner}`);
  });
});

describe('A runner that blocks its event loop', () => {
  it('is not killed while its parent lives, even if the parent’s socket is gone', async () => {
    const { app, booted, folder } = startParent('asksForBlock');
    await app.line(/is at it/);
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) rmSync(join(folder, entry.name), { recursive: true });
    await app.line(/answered|failed|is killed/);
    expect(answers(app)).toEqual([`[parent] answered ${booted()[0]}`]);
  });
});
