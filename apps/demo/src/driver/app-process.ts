import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** How to start the app. */
export interface AppStart {
  /** The file that is the app. */
  readonly main: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where what it prints is written. */
  readonly log: string;
  readonly signal: AbortSignal;
}

/** Time that the app gets to open its port. */
const startTimeout = 30_000;
/** Time that it gets to stop by itself: more than the pool's `shutdownTimeout`. */
const stopTimeout = 10_000;

/**
 * The demo's app as a process of its own, on a free port of the loopback interface. It is started in its own process group, so that Ctrl-C reaches the demo
 * alone, which then ends the app properly.
 */
export class AppProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #log: WriteStream;
  readonly #exited: Promise<string>;
  /** The last lines that it printed. */
  readonly #lines: string[] = [];
  #url = '';
  #heard: (line: string) => void = () => undefined;

  private constructor({ main, env, log }: AppStart) {
    this.#log = createWriteStream(log, { flags: 'a' });
    this.#child = spawn(process.execPath, [main], {
      env: { ...process.env, PORT: '0', NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(`could not be started: ${error.message}`));
      this.#child.once('exit', (code, signal) => resolve(`ended with ${signal ?? `exit code ${code}`}`));
    });
    process.once('exit', this.#kill);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#take(line));
    }
  }

  /** Resolves when the app listens. */
  static async start(options: AppStart): Promise<AppProcess> {
    const app = new AppProcess(options);
    try {
      await app.#listening(options.signal);
      return app;
    } catch (error) {
      await app.stop();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get url(): string {
    return this.#url;
  }

  /** The last lines that it printed. */
  get lastLines(): readonly string[] {
    return this.#lines;
  }

  /** How it ended; resolves when it has. */
  get exited(): Promise<string> {
    return this.#exited;
  }

  /** Ends it: politely at first, by force after a while. Idempotent; resolves with how it ended when it has. */
  async stop(): Promise<string> {
    this.#child.kill('SIGTERM');
    const force = setTimeout(this.#kill, stopTimeout);
    const how = await this.#exited;
    clearTimeout(force);
    process.removeListener('exit', this.#kill);
    this.#log.end();
    return how;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #listening(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#failure(`did not listen within ${startTimeout / 1_000} s`)), startTimeout);
      const give = (): void => reject(signal.reason as Error);
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', give);
      };
      signal.addEventListener('abort', give, { once: true });
      if (signal.aborted) give();
      void this.#exited.then((how) => {
        settle();
        reject(this.#failure(how));
      });
      this.#heard = (line) => {
        const url = /Listening on (http:\S+)/.exec(line)?.[1];
        if (!url) return;
        this.#url = url;
        settle();
        resolve();
      };
    });
  }

  #take(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > 20) this.#lines.shift();
    if (!this.#log.writableEnded) this.#log.write(`${line}\n`);
    this.#heard(line);
  }

  /** With all that it has spawned in its group; its runners notice by themselves. */
  readonly #kill = (): void => {
    if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    process.kill(-this.#child.pid, 'SIGKILL');
  };

  #failure(how: string): Error {
    return new Error([`The app ${how}. Its last lines:`, ...this.#lines].join('\n  '));
  }
}
