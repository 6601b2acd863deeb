import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join, resolve } from 'node:path';
import { onTestFailed, onTestFinished } from 'vitest';

const apps = join(import.meta.dirname, '../apps/dist');

/** An app of `test/apps`, or of any path, in its own process, with its output. Ends with the test. */
export class SpawnedApp {
  readonly lines: string[] = [];
  readonly process: ChildProcess;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  readonly #waiting = new Set<() => void>();

  /** `at` is a command that runs it somewhere else. `entry` may also be the path of a launcher, or a flag of Node, with the app in the arguments. */
  constructor(
    entry: string,
    env: Record<string, string> = {},
    stdin: 'ignore' | 'pipe' = 'ignore',
    at: readonly string[] = [],
    ...arguments_: readonly string[]
  ) {
    const [command, ...args] = [...at, process.execPath, entry.startsWith('-') ? entry : resolve(apps, entry), ...arguments_];
    this.process = spawn(command!, args, {
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: [stdin, 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout!, this.process.stderr!]) {
      createInterface(stream).on('line', (line) => {
        this.lines.push(line);
        for (const look of this.#waiting) look();
      });
    }
    this.exited = once(this.process, 'close').then(([code, signal]) => {
      for (const look of this.#waiting) look();
      return { code: code as number | null, signal: signal as string | null };
    });
    onTestFailed(() => console.log(`the last lines of ${entry}:\n${this.lines.slice(-40).join('\n')}`));
    onTestFinished(async () => {
      this.process.kill('SIGKILL');
      await this.exited;
    });
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** Resolves to the first matching line, starting at line `from`. Rejects if the process ends without one. */
  line(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        for (const line of this.lines.slice(from)) {
          const match = pattern.exec(line);
          if (!match) continue;
          this.#waiting.delete(look);
          return resolve(match);
        }
        if (this.process.exitCode === null && this.process.signalCode === null) return;
        this.#waiting.delete(look);
        reject(new Error(`the app ended without a line like ${pattern}:\n${this.lines.join('\n')}`));
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** The URL at which the app serves HTTP. */
  async url(): Promise<string> {
    return (await this.line(/^\[parent\] listens on (\S+)/))[1]!;
  }
}
