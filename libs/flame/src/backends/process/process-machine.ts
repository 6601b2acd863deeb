import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { BootRequest, Machine, MachineExit } from '../backend.js';
import { splitLines } from '../launch/line-splitter.js';
import { heapIsFull, processExit } from './process-exit.js';
import { thisSystem } from '../../system/system.js';

/** How long the last output of a gone process may take; something that it detached may hold the pipe for ever. */
const lastLinesWait = 500;
/** Node's longest timer. */
const longestTimer = 2 ** 31 - 1;

/** A child process as a machine. It owns the process and its group, and ends both. */
export class ProcessMachine implements Machine {
  readonly id: string;
  readonly exited: Promise<MachineExit>;
  readonly #child: ChildProcess;
  readonly #pid: number;
  #stopped = false;
  #gone = false;

  /** Takes over a child that has just been spawned, with pipes for its output and its lifeline. */
  constructor(child: ChildProcess, order: Pick<BootRequest, 'output' | 'signal'>) {
    this.#child = child;
    this.#pid = child.pid!;
    this.id = `pid ${this.#pid}`;
    let heapFull = false;
    splitLines(child.stdout!, (line) => order.output(line, 'stdout'));
    splitLines(child.stderr!, (line) => {
      heapFull ||= heapIsFull.test(line);
      order.output(line, 'stderr');
    });
    const lifeline = child.stdio[3] as Readable;
    lifeline.on('error', ignoreReset).resume();

    const abort = (): void => void this.stop(0);
    order.signal.addEventListener('abort', abort, { once: true });
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#gone = true;
        order.signal.removeEventListener('abort', abort);
        // What its handlers spawned goes with it, and lets go of the pipes.
        thisSystem().killOutlived(this.#pid);
        const late = setTimeout(() => child.stdio.forEach((stream) => stream?.destroy()), lastLinesWait);
        child.once('close', () => {
          clearTimeout(late);
          resolve(processExit({ code, signal, stopped: this.#stopped, heapFull }));
        });
      });
    });
    if (order.signal.aborted) abort();
  }

  /**
   * SIGTERM to the runner where that asks, which lets its handlers finish, and after `grace` SIGKILL to the runner and all that it spawned.
   * A later call can only shorten the time.
   */
  async stop(grace: number): Promise<void> {
    if (!this.#gone) {
      if (grace <= 0) this.kill();
      else this.#terminate(grace);
      this.#stopped = true;
    }
    await this.exited;
  }

  /** Whether the system still has a process of it. */
  get lives(): boolean {
    return thisSystem().isAlive(this.#pid);
  }

  /** SIGKILL, synchronously. */
  kill(): void {
    if (!this.#gone && !thisSystem().killWithDescendants(this.#pid)) this.#child.kill('SIGKILL');
  }

  #terminate(grace: number): void {
    if (!this.#stopped && thisSystem().asksBySignal) this.#child.kill('SIGTERM');
    // The child holds the event loop as long as it lives, so this timer need not.
    if (grace <= longestTimer) setTimeout(() => this.kill(), grace).unref();
  }
}

/** The lifeline of a killed process ends as it may. */
function ignoreReset(): void {}
