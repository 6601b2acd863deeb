import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DebuggerClient } from '../support/debugger-client.js';
import { readMarks, tally } from '../support/marks.js';
import { childrenOf, isAlive, until } from '../support/process-table.js';
import { SpawnedApp } from '../support/spawned-app.js';

const main = resolve(import.meta.dirname, '../apps/dist/survival/main.js');
/** What the parent prints, and what its log says of its runners. */
const ofParent = /^Debugger listening on (ws:\S+)/;
const ofRunner = /runner (\S+) of pool "p": Debugger listening on (ws:\/\/127\.0\.0\.1:(\d+)\/\S+)/;
const hint = /its runners have none.*inspect: true/;
/** Longer than every limit of these pools, and a watchdog's grace. */
const long = 3_500;

/** A parent whose runners are debugged, or that itself is, with flags. */
function startParent(doing: string, { pool = {}, backend = {}, flags = [] }: { pool?: object; backend?: object; flags?: string[] }) {
  const folder = mkdtempSync(join(tmpdir(), 'flame-debugged-'));
  const env = {
    SURVIVAL_DOING: doing,
    SURVIVAL_FOLDER: folder,
    SURVIVAL_POOL: JSON.stringify(pool),
    SURVIVAL_BACKEND: JSON.stringify(backend),
  };
  const [first, ...more] = [...flags, main];
  const app = new SpawnedApp(first!, env, 'ignore', [], ...more);
  const runners = (): number[] => childrenOf(app.pid);
  onTestFinished(() => {
    // They are gone before the folder is.
    for (const pid of runners()) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return { app, runners, marks: () => tally(readMarks(join(folder, 'marks'))) };
}

/** Holds a process at its next line for longer than every limit. */
async function hold(client: DebuggerClient): Promise<void> {
  await client.send('Debugger.enable');
  const paused = client.event('Debugger.paused');
  await client.send('Debugger.pause');
  await paused;
  await pause(long);
  await client.send('Debugger.resume');
}

async function answerOf(app: SpawnedApp): Promise<string> {
  const [line] = await app.line(/^\[parent\] (answered|failed).*/);
  return line;
}

describe('ProcessBackend with inspect', () => {
  it('uses a separate port for each process of each runner, and logs it', async () => {
    const { app, runners } = startParent('idles', { pool: { min: 2, processes: 2 }, backend: { inspect: true } });
    await app.line(/is at it/);
    const told = app.lines.map((line) => ofRunner.exec(line)).filter((match) => match !== null);
    expect(new Set(told.map(([, , , port]) => port)).size).toBe(4);
    expect(new Set(told.map(([, runner]) => runner)).size).toBe(2);
    const pids = await Promise.all(told.map(async ([, , url]) => (await DebuggerClient.attach(url!)).evaluate('process.pid')));
    const processes = runners().flatMap((runner) => [runner, ...childrenOf(runner)]);
    expect(pids.sort()).toEqual(processes.sort());
    expect(app.lines.filter((line) => /^For help|failed: address already/.test(line))).toEqual([]);
  });

  it('starts at a port, and uses the next one if it is taken', async () => {
    const first = startParent('idles', { backend: { inspect: 41_730 } });
    await first.app.line(ofRunner);
    const second = startParent('idles', { backend: { inspect: 41_730 } });
    const [, , , port] = await first.app.line(ofRunner);
    const [, , , next] = await second.app.line(ofRunner);
    expect(Number(port)).toBeGreaterThanOrEqual(41_730);
    expect(Number(next)).toBeGreaterThan(Number(port));
  });

  it("waits with inspect 'brk' for a debugger, for longer than bootTimeout", async () => {
    const { app, runners } = startParent('asksFirst', { pool: { bootTimeout: 2_000 }, backend: { inspect: 'brk' } });
    const [, , url] = await app.line(ofRunner);
    const [runner] = runners();
    await pause(long);
    const client = await DebuggerClient.attach(url!);
    await client.send('Debugger.enable');
    const paused = client.event('Debugger.paused');
    await client.send('Runtime.runIfWaitingForDebugger');
    await paused;
    expect(await client.evaluate("process.argv[1].endsWith('survival/main.js')")).toBe(true);
    await client.send('Debugger.resume');
    expect(await answerOf(app)).toBe(`[parent] answered ${runner}`);
  });
});

describe('A runner with a debugger', () => {
  it('can be held in a handler for longer than its limits, and answers', async () => {
    const { app, runners, marks } = startParent('asks', { pool: { handlerTimeout: 2_000 }, backend: { inspect: true } });
    const [, , url] = await app.line(ofRunner);
    const client = await DebuggerClient.attach(url!);
    const [runner] = runners();
    await until(() => marks().get('begin') === 2);
    await hold(client);
    expect([await answerOf(app), (await app.line(/answered 8000000 bytes|failed/))[0]]).not.toContainEqual(
      expect.stringContaining('failed'),
    );
    await app.line(new RegExp(`answered ${runner}$`));
    expect(marks().get('begin')).toBe(2);
  });

  it('is not killed by its watchdog for a handler that blocks it', async () => {
    const { app, runners } = startParent('asksForBlock', { pool: { handlerTimeout: 1_000 }, backend: { inspect: true } });
    const [, , url] = await app.line(ofRunner);
    await DebuggerClient.attach(url!);
    const [runner] = runners();
    expect(await answerOf(app)).toBe(`[parent] answered ${runner}`);
  });

  it('has its limits while no debugger is attached', async () => {
    const { app } = startParent('asksForBlock', { pool: { handlerTimeout: 1_000 }, backend: { inspect: true } });
    expect(await answerOf(app)).toContain('failed FLAME_TIMEOUT');
  });
});

describe('A parent with a debugger', () => {
  const flags = ['--inspect=127.0.0.1:0'];

  it('can be held for longer than the limits of its calls, and gets their answers', async () => {
    const { app, marks } = startParent('asks', { pool: { handlerTimeout: 2_000 }, flags });
    const client = await DebuggerClient.attach((await app.line(ofParent))[1]!);
    await app.line(/is at it/);
    await hold(client);
    expect([await answerOf(app), (await app.line(/answered 8000000 bytes|failed/))[0]]).not.toContainEqual(
      expect.stringContaining('failed'),
    );
    expect(marks().get('end')).toBe(2);
  });

  it('lets handlers run for longer than their limits', async () => {
    const { app } = startParent('asksLong', { pool: { handlerTimeout: 1_000 }, flags });
    await DebuggerClient.attach((await app.line(ofParent))[1]!);
    expect(await answerOf(app)).toMatch(/answered \d+$/);
  });

  it('keeps the limits while no debugger is attached, and logs once how to debug a runner', async () => {
    const { app } = startParent('asksLong', { pool: { handlerTimeout: 1_000 }, flags });
    expect(await answerOf(app)).toContain('failed FLAME_TIMEOUT');
    expect(app.lines.filter((line) => hint.test(line))).toHaveLength(1);
  });

  it.each([{ inspect: true }, { inspect: false }])('does not log how to debug a runner with %j', async (backend) => {
    const { app } = startParent('idles', { backend, flags });
    await app.line(/is at it/);
    expect(app.lines.filter((line) => hint.test(line))).toEqual([]);
  });
});
