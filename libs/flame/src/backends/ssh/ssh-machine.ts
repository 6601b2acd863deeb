import { PassThrough } from 'node:stream';
import type { BootRequest, Machine, MachineExit } from '../backend.js';
import { splitLines } from '../launch/line-splitter.js';
import { longestTimer } from '../platform/machine-end.js';
import { heapIsFull } from '../process/process-exit.js';
import { sshExit } from './ssh-exit.js';
import type { RunnerExit } from './supervisor/supervisor-messages.js';

/** What a machine needs of its host. */
export interface MachineHost {
  readonly name: string;
  /** Time after the grace period for the host to report the end, in milliseconds. */
  readonly answerTimeout: number;
  /** Tells the supervisor to stop a runner, now or as soon as there is a connection. */
  stop(machine: SshMachine): void;
  /** The host does not report the end of a machine that was stopped. Ends the machine. */
  giveUp(machine: SshMachine): void;
}

/** The id of a machine, for people. */
export function machineId(host: string, pid: number): string {
  return `${host} pid ${pid}`;
}

/** A runner's process group on a host. The host's supervisor owns the processes. */
export class SshMachine implements Machine {
  /** The runner's name, under which the supervisor knows it. */
  readonly runner: string;
  readonly exited: Promise<MachineExit>;
  /** The times of the runner's pool, in milliseconds. */
  readonly times: { readonly shutdownTimeout: number; readonly reconnectTimeout: number };
  readonly #host: MachineHost;
  readonly #streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  readonly #read: Promise<unknown>;
  #pid: number | undefined;
  #settle!: (exit: MachineExit) => void;
  #over = false;
  #heapFull = false;
  /** When SIGKILL is due, on the clock of `performance`; undefined until `stop`. */
  #deadline: number | undefined;
  #late: NodeJS.Timeout | undefined;

  constructor(host: MachineHost, request: Pick<BootRequest, 'runner' | 'output' | 'signal' | 'shutdownTimeout' | 'reconnectTimeout'>) {
    this.#host = host;
    this.runner = request.runner;
    this.times = { shutdownTimeout: request.shutdownTimeout, reconnectTimeout: request.reconnectTimeout };
    splitLines(this.#streams.stdout, (line) => request.output(line, 'stdout'));
    splitLines(this.#streams.stderr, (line) => {
      this.#heapFull ||= heapIsFull.test(line);
      request.output(line, 'stderr');
    });
    const streams = Object.values(this.#streams);
    this.#read = Promise.all(streams.map((stream) => new Promise((resolve) => stream.once('close', resolve))));
    const abort = (): void => void this.stop(0);
    request.signal.addEventListener('abort', abort, { once: true });
    this.exited = new Promise<MachineExit>((resolve) => (this.#settle = resolve)).finally(() =>
      request.signal.removeEventListener('abort', abort),
    );
  }

  get id(): string {
    return machineId(this.#host.name, this.#pid!);
  }

  /** Whether its process has been started. */
  get started(): boolean {
    return this.#pid !== undefined;
  }

  begin(pid: number): void {
    this.#pid = pid;
  }

  /** Milliseconds until SIGKILL; undefined if it was not told to stop. */
  get grace(): number | undefined {
    return this.#deadline === undefined ? undefined : Math.max(0, this.#deadline - performance.now());
  }

  output(stream: 'stdout' | 'stderr', text: string): void {
    if (!this.#over) this.#streams[stream].write(text);
  }

  /** Its host has reported its end. */
  end(exit: RunnerExit): void {
    void this.#finish(() => sshExit(exit, { host: this.#host.name, stopped: this.#deadline !== undefined, heapFull: this.#heapFull }));
  }

  /** Its host cannot report its end any more. */
  lose(exit: MachineExit): void {
    void this.#finish(() => exit);
  }

  /**
   * Ends the runner: SIGTERM first, and after `grace` milliseconds SIGKILL for its whole process group. A later call can only shorten this
   * time. The supervisor keeps the time, so a broken connection does not prolong it.
   */
  async stop(grace: number): Promise<void> {
    const deadline = performance.now() + Math.max(0, grace);
    if (!this.#over && (this.#deadline === undefined || deadline < this.#deadline)) {
      this.#deadline = deadline;
      this.#host.stop(this);
      clearTimeout(this.#late);
      const time = Math.max(0, grace) + this.#host.answerTimeout;
      if (time <= longestTimer) this.#late = setTimeout(() => this.#host.giveUp(this), time);
    }
    await this.exited;
  }

  async #finish(exit: () => MachineExit): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#late);
    for (const stream of Object.values(this.#streams)) stream.end();
    await this.#read;
    this.#settle(exit());
  }
}
