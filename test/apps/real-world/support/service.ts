import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A server of the system that a test started for itself. It ends with the test's process, however that ends. */
export class Service {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;

  /** Resolves once the server prints a line that matches `ready`. As root it runs as `user`. */
  static async start(command: readonly string[], user: string, ready: RegExp): Promise<Service> {
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', ...asUser(user), ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
    const service = new Service(child);
    const lines: string[] = [];
    await new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        createInterface(stream).on('line', (line) => {
          lines.push(line);
          if (ready.test(line)) resolve();
        });
      }
      child.once('error', reject);
      child.once('close', () => reject(new Error(`${command[0]} ended before it was ready:\n${lines.join('\n')}`)));
    });
    return service;
  }

  private constructor(child: ChildProcess) {
    this.#process = child;
    this.#exited = once(child, 'close');
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#process.kill(signal);
    await this.#exited;
  }
}

/** setpriv's options for an ordinary user: servers of databases refuse root. */
export function asUser(user: string): string[] {
  return process.getuid?.() === 0 ? ['--reuid', user, '--regid', user, '--clear-groups'] : [];
}
