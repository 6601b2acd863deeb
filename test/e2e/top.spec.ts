import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PoolMetrics } from '../../libs/flame/src/core/metrics/pool-metrics.js';
import { freePort } from '../support/free-port.js';
import { SpawnedApp } from '../support/spawned-app.js';

const cli = join(import.meta.dirname, '../../libs/flame/dist/cli/main.js');
const run = promisify(execFile);

async function start(): Promise<{ app: SpawnedApp; url: string; address: string }> {
  const app = new SpawnedApp('ops/main.js', { OPTIONS: JSON.stringify({ ops: { port: 0 } }) });
  const url = await app.url();
  const [, port] = await app.line(/health and metrics on \S+:(\d+)/);
  return { app, url, address: `127.0.0.1:${port}` };
}

/** A terminal of its own, which no other test's tmux server sees. */
class Terminal {
  readonly #server = `flame-${process.pid}`;

  constructor(command: string, columns: number, rows: number) {
    this.#tmux('new-session', '-d', '-s', 'top', '-x', String(columns), '-y', String(rows), command);
    onTestFinished(() => {
      try {
        this.#tmux('kill-server');
      } catch {
        // It ended with its last session.
      }
    });
  }

  get screen(): string {
    return this.#tmux('capture-pane', '-p', '-t', 'top');
  }

  get alive(): boolean {
    try {
      this.#tmux('has-session', '-t', 'top');
      return true;
    } catch {
      return false;
    }
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-t', 'top', '-x', String(columns), '-y', String(rows));
  }

  press(key: string): void {
    this.#tmux('send-keys', '-t', 'top', key);
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-L', this.#server, '-f', '/dev/null', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }
}

describe('npx nestjs-flame top', () => {
  it('prints one JSON object for scripts', { timeout: 120_000 }, async () => {
    const { url, address } = await start();
    await fetch(`${url}/call/echo/hello`, { method: 'POST' });
    const { stdout } = await run(process.execPath, [cli, 'top', address, '--once', '--json', '--pool', 'work']);
    const { pools } = JSON.parse(stdout) as { pools: PoolMetrics[] };
    const metrics = (await (await fetch(`${url}/metrics.json`)).json()) as PoolMetrics;
    expect(pools).toMatchObject([
      { pool: 'work', backend: 'process', calls: metrics.calls, runners: metrics.runners, boots: metrics.boots, wait: metrics.wait },
    ]);
  });

  it('names the address and the error when no server answers', { timeout: 60_000 }, async () => {
    const address = `127.0.0.1:${await freePort()}`;
    await expect(run(process.execPath, [cli, 'top', address, '--once'])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`no metrics from ${address}: `),
    });
  });

  it('shows running calls live, in a terminal of any size, and ends at q', { timeout: 120_000 }, async () => {
    const { url, address } = await start();
    const terminal = new Terminal(`'${process.execPath}' '${cli}' top ${address} --every 200`, 110, 30);
    const shows = async (what: RegExp): Promise<void> => {
      await expect.poll(() => terminal.screen, { timeout: 30_000 }).toMatch(what);
    };
    await shows(/^work \(process\)$/m);
    await shows(/\[····\] 0\/4 ready/);
    const ends = new AbortController();
    const sleeping = Array.from({ length: 3 }, () =>
      fetch(`${url}/call/sleep/60000`, { method: 'POST', signal: ends.signal }).catch(() => undefined),
    );
    await shows(/\[■■■·\] 3\/4 ready/);
    await shows(/slots {4}3 of 4/);
    terminal.resize(60, 8);
    await shows(/^… \d+ more lines: enlarge the window, or use --pool$/m);
    expect(Math.max(...terminal.screen.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60);
    terminal.press('q');
    await expect.poll(() => terminal.alive, { timeout: 30_000 }).toBe(false);
    ends.abort();
    await Promise.all(sleeping);
  });
});
