import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Job, Measured } from './closed-loop.js';
import type { Command, Report } from './contest.js';

/** Time for the answer to a command, in milliseconds; longer than any job. After it, the contestant has failed. */
const patience = 120_000;
/** Time for a contestant to end by itself, in milliseconds. */
const endTimeout = 10_000;

/** Starts and controls the process of a contestant, which contains the callers. The process ends with `stop` or with the bench. */
export class Contestant {
  readonly #child: ChildProcess;
  readonly #file: string;

  /** `file` is a program of this bench, or the absolute path of a program of another checkout. */
  private constructor(file: string, args: string[], execArgv: string[]) {
    this.#file = file;
    this.#child = fork(resolve(import.meta.dirname, file), args, { execArgv, serialization: 'advanced' });
  }

  /** Resolves when the contestant is ready. */
  static async start(file: string, args: string[], execArgv: string[] = []): Promise<Contestant> {
    const contestant = new Contestant(file, args, execArgv);
    try {
      await contestant.#report();
    } catch (error) {
      await contestant.stop();
      throw error;
    }
    return contestant;
  }

  async measure(job: Job): Promise<Measured> {
    const report = await this.#ask(job);
    if (!('measured' in report)) throw new Error(`${this.#file} did not measure: it reported ${report.type}`);
    return report.measured;
  }

  /** Brings the heaps of its processes into the state of long-running ones. */
  async age(): Promise<void> {
    await this.#ask('age');
  }

  /** Asks the process to end, and kills it if it does not end in time. Idempotent. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    const late = setTimeout(() => child.kill('SIGKILL'), endTimeout);
    if (child.connected) child.disconnect();
    await exited;
    clearTimeout(late);
  }

  #ask(command: Command): Promise<Report> {
    this.#child.send(command);
    return this.#report();
  }

  async #report(): Promise<Report> {
    const child = this.#child;
    const over = new AbortController();
    const late = setTimeout(() => over.abort(new Error(`${this.#file} did not answer within ${patience} ms`)), patience);
    const exited = (code: number | null, signal: string | null): void =>
      over.abort(new Error(`${this.#file} ended early (${signal ?? code})`));
    child.once('exit', exited);
    try {
      const [report] = (await once(child, 'message', { signal: over.signal })) as [Report];
      // By the field, not by `type`: with --against, a process of an older checkout reports in its own words.
      if ('why' in report) throw new Error(`${this.#file} failed: ${report.why}`);
      return report;
    } catch (error) {
      throw over.signal.aborted ? over.signal.reason : error;
    } finally {
      clearTimeout(late);
      child.off('exit', exited);
    }
  }
}
