import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { childrenOf, isAlive, processesOf, until } from '../support/process-table.js';
import { SpawnedApp } from '../support/spawned-app.js';
import { tool } from '../support/tool.js';

interface Seen {
  parent: { pid: number; args: string[]; flags: string[] };
  runner: { pid: number; args: string[]; flags: string[]; role: unknown[]; channel: unknown[]; told: string[]; opened: boolean[] };
}

async function seenFrom(url: string): Promise<Seen> {
  return (await (await fetch(url)).json()) as Seen;
}

/** What each of `count` parents says, once all of them serve. */
async function seenByAll(app: SpawnedApp, count: number): Promise<Seen[]> {
  const listening = /^\[parent\] \d+ listens on (\S+)/;
  const urls = (): string[] => app.lines.flatMap((line) => listening.exec(line)?.[1] ?? []);
  await until(() => urls().length === count || app.process.exitCode !== null);
  return Promise.all(urls().map(seenFrom));
}

/** Every runner has run a call, and so all of main.ts: what it started is there by now. */
function expectOneRunnerEach(app: SpawnedApp, seen: readonly Seen[], count: number): void {
  expect(seen).toHaveLength(count);
  for (const { parent, runner } of seen) {
    expect(childrenOf(parent.pid)).toContain(runner.pid);
    expect(childrenOf(runner.pid)).toEqual([]);
  }
  expect(new Set(seen.map(({ runner }) => runner.pid)).size).toBe(count);
  expect(app.lines.filter((line) => line.includes('is attached'))).toHaveLength(count);
}

async function expectAllGone(app: SpawnedApp, seen: readonly Seen[]): Promise<void> {
  app.process.kill('SIGTERM');
  await app.exited;
  await until(() => seen.every(({ parent, runner }) => !isAlive(parent.pid) && !isAlive(runner.pid)));
}

const asWorker = { role: [false, false, true, true, 0], channel: ['function', false], told: [], opened: [true, true] };

describe.each(['same-file.js', 'common-js.cjs', 'separate.js'])('the cluster of %s', (file) => {
  it('has one runner for each worker, which sees itself as a worker and forks nothing', async () => {
    // A test's environment makes no test of what it starts.
    const app = new SpawnedApp(`cluster/${file}`, { JEST_WORKER_ID: '1', NODE_TEST_CONTEXT: 'child-v8' });
    const seen = await seenByAll(app, 2);
    expectOneRunnerEach(app, seen, 2);
    for (const { runner } of seen) expect(runner).toMatchObject(asWorker);
    await expectAllGone(app, seen);
    expect(processesOf(`dist/cluster/${file}`)).toEqual([]);
  });
});

/** PM2's own process is the daemon, and ends with all that it has started. */
function underPm2(...options: string[]): SpawnedApp {
  const home = mkdtempSync(join(tmpdir(), 'flame-pm2-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
  const app = join(import.meta.dirname, '../apps/dist/cluster/pm2.js');
  return new SpawnedApp(join(tool('pm2@7.0.4'), 'pm2-runtime'), { PM2_HOME: home }, 'ignore', [], 'start', app, ...options);
}

describe('PM2', { timeout: 120_000 }, () => {
  it("in cluster mode has one runner for each instance, which sees itself as a worker, without PM2's variables", async () => {
    const app = underPm2('-i', '2', '--node-args=--no-warnings', '--', '--port');
    const seen = await seenByAll(app, 2);
    expectOneRunnerEach(app, seen, 2);
    for (const { parent, runner } of seen) {
      expect(runner).toMatchObject({ ...asWorker, args: parent.args });
      expect(parent.args).toContain('--port');
    }
    await expectAllGone(app, seen);
  });

  it('in fork mode has one runner, whose main file is the app’s', async () => {
    const app = underPm2('--node-args=--no-warnings');
    const seen = await seenByAll(app, 1);
    expectOneRunnerEach(app, seen, 1);
    expect(seen[0]!.runner).toMatchObject({ role: [true, true, false, false, null], channel: ['function', false], told: [] });
    await expectAllGone(app, seen);
  });
});

describe('a primary that is itself the parent', () => {
  it('has a runner that runs the primary’s code and forks nothing', async () => {
    const app = new SpawnedApp('cluster/primary-as-parent.js');
    await app.line(/worker 1 is online/);
    const seen = await seenByAll(app, 1);
    expectOneRunnerEach(app, seen, 1);
    expect(seen[0]!.runner).toMatchObject({ role: [true, true, false, false, null], channel: ['undefined', false] });
    expect(app.lines.join('\n')).toMatch(/\[Flame work-\w+-1\] this runner forks no workers: cluster\.fork\(\) has no effect in a runner/);
    await expectAllGone(app, seen);
  });
});

describe('a main file that creates no app in a runner', () => {
  it('is not started again, and the error names the fix', async () => {
    const app = new SpawnedApp('cluster/no-app.js');
    expect((await app.exited).code).not.toBe(0);
    const output = app.lines.join('\n');
    expect(output).toMatch(
      /no-app\.js ended without starting an app that imports FlameModule\. Set the backend's option entry to the app's main file/,
    );
    expect(app.lines.filter((line) => /ERROR \[Flame work-\w+-1\].*this runner ends/.test(line))).toHaveLength(1);
  });
});
