import { randomUUID } from 'node:crypto';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inject } from 'vitest';
import { processesWith, until } from '../../../support/process-table.js';

/** A variable that tells the processes of one app from those of another that has the same entry. */
const mark = 'REAL_WORLD_APP';

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** A compiled app of `test/apps/real-world/src`, in processes of its own as a user starts it, and what it prints. */
export class RunningApp {
  readonly lines: string[] = [];
  readonly entry: string;
  readonly process: ChildProcess;
  readonly exited: Promise<number | NodeJS.Signals>;
  readonly #id = randomUUID();
  readonly #looks = new Set<() => void>();
  #url = '';

  /** Starts an app that serves HTTP, and waits until it does. */
  static async serving(entry: string, env: Record<string, string> = {}, command?: readonly string[]): Promise<RunningApp> {
    const app = new RunningApp(entry, env, command);
    try {
      [, app.#url] = (await app.line(/Application is running on: (http\S+)/)) as unknown as [string, string];
    } catch (error) {
      await app.stop();
      throw error;
    }
    return app;
  }

  /** `command` is what starts the entry, where that is not node. */
  constructor(entry: string, env: Record<string, string> = {}, command: readonly string[] = [process.execPath]) {
    const folder = inject('realWorld');
    this.entry = join(folder, 'dist', entry);
    // What vitest sets for its own workers is not for the app.
    const {
      NODE_ENV: _env,
      NODE_OPTIONS: _options,
      VITEST: _vitest,
      VITEST_MODE: _mode,
      VITEST_POOL_ID: _pool,
      VITEST_WORKER_ID: _worker,
      TEST: _test,
      ...own
    } = process.env;
    // It ends with the test's process, however that ends.
    this.process = spawn('setpriv', ['--pdeathsig', 'KILL', ...command, this.entry], {
      cwd: folder,
      env: { ...own, NO_COLOR: '1', PORT: '0', [mark]: this.#id, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout!, this.process.stderr!]) {
      createInterface(stream).on('line', (line) => {
        this.lines.push(line);
        for (const look of this.#looks) look();
      });
    }
    this.exited = once(this.process, 'close').then(([code, signal]) => {
      for (const look of this.#looks) look();
      return (code ?? signal) as number | NodeJS.Signals;
    });
  }

  get pid(): number {
    return this.process.pid!;
  }

  get output(): string {
    return this.lines.join('\n');
  }

  /** The processes that were started with this app's environment: its own, and its runners. */
  get processes(): number[] {
    return processesWith(`${mark}=${this.#id}`);
  }

  /** The first line that matches. Rejects when the app ends without one, or prints none for a minute. */
  line(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      let next = 0;
      const finish = (): void => {
        clearTimeout(timer);
        this.#looks.delete(look);
      };
      const fail = (why: string): void => {
        finish();
        reject(new Error(`${why} a line like ${pattern}:\n${this.output}`));
      };
      const timer = setTimeout(() => fail('the app did not print'), 60_000);
      const look = (): void => {
        for (; next < this.lines.length; next++) {
          const match = pattern.exec(this.lines[next]!);
          if (!match) continue;
          finish();
          return resolve(match);
        }
        if (this.process.exitCode !== null || this.process.signalCode !== null) fail('the app ended without');
      };
      this.#looks.add(look);
      look();
    });
  }

  async get<T = unknown>(path: string, headers: Record<string, string> = {}): Promise<Answer<T>> {
    return answer(await fetch(this.#url + path, { headers }));
  }

  async post<T = unknown>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> {
    return answer(
      await fetch(this.#url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    );
  }

  get url(): string {
    return this.#url;
  }

  /** Ends the app as a platform does. @throws when a process of it outlives it, which is then killed. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.process.kill(signal);
    try {
      await until(() => this.processes.length === 0, AbortSignal.timeout(40_000));
    } catch (cause) {
      const left = this.processes;
      for (const pid of left) process.kill(pid, 'SIGKILL');
      throw new Error(`processes ${left.join(', ')} of ${this.entry} outlive it:\n${this.output}`, { cause });
    }
    await this.exited;
  }
}

async function answer<T>(response: Response): Promise<Answer<T>> {
  const text = await response.text();
  return { status: response.status, body: (text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text) as T };
}
