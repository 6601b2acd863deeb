import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isAlive, until } from '../support/process-table.js';

const program = join(import.meta.dirname, '../support/programs/parent.mjs');

/** A parent whose one runner does what `doing` says, and who prints `line` at last; killed, with its runner, after the test. */
async function startParent(
  doing: string,
  line: RegExp,
): Promise<{ pid: number; runner: number; match: RegExpExecArray; folder: string; exited: Promise<unknown> }> {
  const folder = mkdtempSync(join(tmpdir(), 'flame-parent-'));
  const child = spawn(process.execPath, [program, doing, join(folder, 'parent.sock')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let runner = 0;
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
    if (runner > 0 && isAlive(runner)) process.kill(runner, 'SIGKILL');
    rmSync(folder, { recursive: true, maxRetries: 5 });
  });
  let match: RegExpExecArray | null = null;
  for await (const text of createInterface(child.stdout)) {
    runner ||= Number(/^pid (\d+) runs/.exec(text)?.[1] ?? 0);
    match ??= line.exec(text);
    if (runner > 0 && match) return { pid: child.pid!, runner, match, folder, exited };
  }
  throw new Error('the parent ended');
}

const gone = (pid: number): Promise<void> => until(() => !isAlive(pid));

describe('ProcessBackend', () => {
  it('leaves no runner when its parent is killed', async () => {
    const { pid, runner } = await startParent('waits', /is up/);
    process.kill(pid, 'SIGKILL');
    await gone(runner);
  });

  it('leaves no runner with a blocked event loop within 10 s after its parent is killed', async () => {
    const { pid, runner } = await startParent('blocks', /blocks now/);
    process.kill(pid, 'SIGKILL');
    const from = performance.now();
    await gone(runner);
    expect(performance.now() - from).toBeLessThan(10_000);
  });

  it('lets a runner write output when its parent is gone', async () => {
    const { pid, runner, folder } = await startParent('printsOn', /is up/);
    process.kill(pid, 'SIGKILL');
    await gone(runner);
    expect(existsSync(join(folder, 'parent.sock.done'))).toBe(true);
  });

  it('kills runners at once when the parent exits, even those that would not notice', async () => {
    const { pid, runner, exited } = await startParent('forgets', /is up/);
    process.kill(pid, 'SIGUSR2');
    expect(await exited).toEqual([0, null]);
    await gone(runner);
  });

  it('ends the processes that a handler spawned with its runner, however the runner ends', async () => {
    const { runner, match } = await startParent('spawns', /spawned (\d+)/);
    process.kill(runner, 'SIGKILL');
    await gone(Number(match[1]));
  });

  it('ends the processes that a handler spawned when the parent is gone', async () => {
    const { pid, match } = await startParent('spawns', /spawned (\d+)/);
    process.kill(pid, 'SIGKILL');
    await gone(Number(match[1]));
  });

  it('leaves no zombie', async () => {
    const { pid, runner } = await startParent('forgets', /is up/);
    process.kill(runner, 'SIGKILL');
    await until(() => !existsSync(`/proc/${runner}`));
    expect(isAlive(pid)).toBe(true);
  });
});
