import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';

const programs = join(import.meta.dirname, '../support/programs');
const program = join(programs, 'watched.mjs');
const nobody = 'unix:/nobody/listens/here';

interface End {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** Runs a process with a watchdog to its end. */
async function watched(doing: string, address = nobody, flags: string[] = []): Promise<End> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [...flags, program, doing, address], { timeout: 30_000 }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode, signal: child.signalCode, stdout, stderr });
    });
  });
}

/** A blocked process with a lifeline. */
function held(address = nobody): { child: ChildProcess; exit: Promise<unknown[]>; output: () => string } {
  const child = spawn(process.execPath, [program, 'blocks', address, 'held'], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (data) => (output += data));
  return { child, exit: once(child, 'close'), output: () => output };
}

async function listen(path: string | number): Promise<string> {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  server.listen(typeof path === 'number' ? { port: path, host: '127.0.0.1' } : { path });
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  return typeof address === 'object' ? `127.0.0.1:${address!.port}` : `unix:${address}`;
}

describe('Watchdog', () => {
  it('kills a process whose event loop is blocked past a deadline, and names the handler', async () => {
    const { signal, stderr } = await watched('loops', await listen(0));
    expect(signal).toBe('SIGKILL');
    expect(stderr).toBe(
      '[flame] runner runner-1 of pool "videos" is killed: the event loop is blocked, still 1000 ms after the deadline of Videos.thumbnails. ' +
        'Let the handler yield to the event loop regularly, or compute in a worker thread\n',
    );
  });

  it('kills it also if its inspector is open and no debugger is attached', async () => {
    const { signal, stderr } = await watched('loops', await listen(0), ['--inspect=127.0.0.1:0']);
    expect(signal).toBe('SIGKILL');
    expect(stderr).toContain('the event loop is blocked');
  });

  it('survives times without work', async () => {
    expect(await watched('wakes', await listen(0))).toMatchObject({
      signal: 'SIGKILL',
      stderr: expect.stringContaining('Videos.thumbnails'),
    });
  });

  it('does not kill a process whose event loop turns in time', async () => {
    expect(await watched('breathes', await listen(0))).toMatchObject({ code: 0, stdout: 'ends\n', stderr: '' });
  });

  it('does not mistake a suspended process for a blocked one', async () => {
    const child = spawn(process.execPath, [program, 'pauses', nobody], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exit = once(child, 'exit');
    await once(child.stdout, 'data');
    child.kill('SIGSTOP');
    // Long past the deadline and its grace.
    await delay(3_000);
    child.kill('SIGCONT');
    expect(await exit).toEqual([0, null]);
  });

  it('kills a blocked process whose parent does not accept connections any more', async () => {
    const { signal, stderr } = await watched('blocks');
    expect(signal).toBe('SIGKILL');
    expect(stderr).toContain('its event loop is blocked, and its parent is gone');
  });

  it.each([
    ['over TCP', () => 0],
    ['over a Unix socket', folder],
  ])('does not kill a blocked process without a deadline while its parent answers %s', async (_, path) => {
    expect(await watched('blocks', await listen(path()))).toMatchObject({ code: 0, stdout: 'ends\n', stderr: '' });
  });

  it('does not kill a blocked process while its lifeline is open, whatever else happens', async () => {
    const { exit, output } = held();
    expect(await exit).toEqual([0, null]);
    expect(output()).toBe('ends\n');
  });

  it('kills a blocked process whose lifeline has closed, even if the parent’s address answers', async () => {
    const { child, exit, output } = held(await listen(folder()));
    child.stdio[3]!.destroy();
    expect(await exit).toEqual([null, 'SIGKILL']);
    expect(output()).toContain('its event loop is blocked, and its parent is gone');
  });

  it('does not probe while no work runs', async () => {
    expect(await watched('blocksIdle')).toMatchObject({ code: 0, stderr: '' });
  });

  it('sleeps while no work runs', async () => {
    const { stdout } = await watched('sleeps');
    const { busy, idle } = JSON.parse(stdout.split('\n')[0]!) as { busy: number; idle: number };
    expect(busy).toBeGreaterThanOrEqual(6);
    expect(idle).toBe(0);
  });

  it('does not keep a process alive', async () => {
    expect(await watched('ends')).toMatchObject({ code: 0, stdout: 'ends\n' });
  });

  it('ends when it is closed, and only once', async () => {
    expect(await watched('closes')).toMatchObject({ code: 0, stdout: 'ends\n' });
  });

  it("does not load the app's preloads into its thread", async () => {
    const { stdout } = await watched('ends', nobody, ['-r', join(programs, 'preload.cjs')]);
    expect(stdout.match(/preloaded/g)).toHaveLength(1);
  });
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'flame-watchdog-'));
  onTestFinished(() => rmSync(path, { recursive: true, maxRetries: 5 }));
  return join(path, 'parent.sock');
}
