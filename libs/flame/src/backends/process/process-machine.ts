import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { BootRequest, Machine, MachineExit } from '../backend.js';
import { splitLines } from '../launch/line-splitter.js';
import { heapIsFull, processExit } from './process-exit.js';
import { thisSystem } from '../../system/system.js';

/** Time for the last output of an ended process, in milliseconds. Limited because a detached process may hold the pipe forever. */
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

  /** Takes over a newly spawned child, with pipes for its output and its lifeline. */
  constructor(child: ChildProcess, request: Pick<BootRequest, 'output' | 'signal'>) {
    this.#child = child;
    this.#pid = child.pid!;
    this.id = `pid ${this.#pid}`;
    let heapFull = false;
    splitLines(child.stdout!, (line) => request.output(line, 'stdout'));
    splitLines(child.stderr!, (line) => {
      heapFull ||= heapIsFull.test(line);
      request.output(line, 'stderr');
    });
    const lifeline = child.stdio[3] as Readable;
    lifeline.on('error', ignoreReset).resume();

    const abort = (): void => void this.stop(0);
    request.signal.addEventListener('abort', abort, { once: true });
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#gone = true;
        request.signal.removeEventListener('abort', abort);
        // The processes that its handlers spawned end too, and close the pipes.
        thisSystem().killOutlived(this.#pid);
        const late = setTimeout(() => child.stdio.forEach((stream) => stream?.destroy()), lastLinesWait);
        child.once('close', () => {
          clearTimeout(late);
          resolve(processExit({ code, signal, stopped: this.#stopped, heapFull }));
        });
      });
    });
    if (request.signal.aborted) abort();
  }

  /**
   * Ends the runner. Sends SIGTERM, if the system can ask a process to end by a signal, so that handlers can finish. After `grace`
   * milliseconds it sends SIGKILL to the runner and all processes that it spawned. A later call can only shorten this time.
   */
  async stop(grace: number): Promise<void> {
    if (!this.#gone) {
      if (grace <= 0) this.kill();
      else this.#terminate(grace);
      this.#stopped = true;
    }
    await this.exited;
  }

  /** Whether a process of this machine still exists. */
  get lives(): boolean {
    return thisSystem().isAlive(this.#pid);
  }

  /** Sends SIGKILL synchronously. */
  kill(): void {
    if (!this.#gone && !thisSystem().killWithDescendants(this.#pid)) this.#child.kill('SIGKILL');
  }

  #terminate(grace: number): void {
    if (!this.#stopped && thisSystem().asksBySignal) this.#child.kill('SIGTERM');
    // A living child keeps the event loop alive, so this timer does not have to.
    if (grace <= longestTimer) setTimeout(() => this.kill(), grace).unref();
  }
}

/** The lifeline of a killed process may end with an error. */
function ignoreReset(): void {}
