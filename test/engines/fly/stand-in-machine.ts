import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { constants } from 'node:os';

/** The part of a machine's configuration that the stand-in acts by; it gives back all of it. */
export interface StandInConfig {
  readonly image: string;
  readonly env?: Record<string, string>;
  readonly auto_destroy?: boolean;
  readonly metadata?: Record<string, string>;
  readonly restart?: { readonly policy: string };
}

/** What an image is here: a command on this host. */
export interface StandInImage {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export type StandInState = 'created' | 'starting' | 'started' | 'stopping' | 'stopped' | 'destroying' | 'destroyed' | 'launch_failed';

/** A machine of the stand-in: a process on this host, with the states and the events of a Fly Machine. */
export class StandInMachine {
  readonly id = randomBytes(7).toString('hex');
  readonly instance = randomBytes(13).toString('hex').toUpperCase();
  readonly createdAt = new Date().toISOString();
  readonly events: object[] = [];
  /** Tells every new state. */
  readonly states = new EventEmitter().setMaxListeners(0);
  state: StandInState = 'created';
  lease: { nonce: string; until: number } | undefined;
  /** Set by tests: the next end is the kernel's doing, for want of memory. */
  #outOfMemory = false;
  #requestedStop = false;
  #forced = false;
  #process: ChildProcess | undefined;
  #killTimer: NodeJS.Timeout | undefined;

  constructor(
    readonly app: string,
    readonly name: string,
    readonly region: string,
    readonly config: StandInConfig,
    readonly privateIp: string,
  ) {
    this.#event('launch', 'created', 'user');
  }

  get pid(): number {
    return this.#process!.pid!;
  }

  /** Boots the process; `onLine` gets what it prints. */
  async launch(image: StandInImage, onLine: (text: string, stream: 'stdout' | 'stderr') => void): Promise<void> {
    this.#enter('starting');
    const env = {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      ...image.env,
      ...this.config.env,
      FLY_APP_NAME: this.app,
      FLY_MACHINE_ID: this.id,
      FLY_MACHINE_VERSION: this.instance,
      FLY_REGION: this.region,
      FLY_IMAGE_REF: this.config.image,
      FLY_PRIVATE_IP: this.privateIp,
    };
    const child = spawn(image.file, image.args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.#process = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => onLine(text, 'stdout'));
    child.stderr.setEncoding('utf8').on('data', (text: string) => onLine(text, 'stderr'));
    // When its output has been read, too.
    child.on('close', (code, signal) => this.#ended(code, signal));
    try {
      await once(child, 'spawn');
    } catch (error) {
      this.#event('launch', 'failed', 'flyd', { error: (error as Error).message });
      this.#enter('launch_failed');
      this.#enter('destroyed');
      return;
    }
    // It may have been told to go meanwhile.
    if (this.state !== 'starting') return;
    this.#event('start', 'started', 'flyd');
    this.#enter('started');
  }

  stop(signal: NodeJS.Signals, timeout: number): void {
    if (this.state !== 'started') return;
    this.#requestedStop = true;
    this.#event('stop', 'stopping', 'user');
    this.#enter('stopping');
    this.#process!.kill(signal);
    this.#killTimer = setTimeout(() => this.kill(), timeout);
  }

  destroy(): void {
    if (this.state === 'destroyed') return;
    this.#forced = true;
    const ended = this.state === 'stopped' || this.#process === undefined;
    this.#event('destroy', 'destroying', 'user');
    this.#enter('destroying');
    if (ended) this.#enter('destroyed');
    else this.kill();
  }

  /** SIGKILL to all of it. */
  kill(): void {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // Its end is on its way.
    }
  }

  /** As the kernel of a machine does when its memory is full. A process on this host has no memory of its own, so a test says so. */
  runOutOfMemory(): void {
    this.#outOfMemory = true;
    this.kill();
  }

  describe(): object {
    return {
      id: this.id,
      name: this.name,
      state: this.state,
      region: this.region,
      instance_id: this.instance,
      private_ip: this.privateIp,
      config: this.config,
      events: this.events,
      created_at: this.createdAt,
    };
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    clearTimeout(this.#killTimer);
    if (this.#process?.pid !== undefined) this.kill();
    if (this.state === 'launch_failed' || this.state === 'destroyed') return;
    const number = signal === null ? -1 : constants.signals[signal];
    this.#event('exit', 'stopped', 'flyd', {
      exit_event: {
        exit_code: signal === null ? code : 128 + number,
        exited_at: Date.now(),
        guest_exit_code: 0,
        guest_signal: -1,
        signal: number,
        oom_killed: this.#outOfMemory,
        requested_stop: this.#requestedStop,
        restarting: false,
      },
    });
    if (this.#forced) return this.#enter('destroyed');
    this.#enter('stopped');
    // In the real thing, too, a moment passes in which it is stopped.
    if (this.config.auto_destroy)
      setTimeout(() => {
        if (this.state !== 'stopped') return;
        this.#enter('destroying');
        this.#enter('destroyed');
      }, 50);
  }

  #event(type: string, status: string, source: string, request?: object): void {
    this.events.unshift({ type, status, source, timestamp: Date.now(), ...(request && { request }) });
  }

  #enter(state: StandInState): void {
    this.state = state;
    this.states.emit('state', state);
  }
}
