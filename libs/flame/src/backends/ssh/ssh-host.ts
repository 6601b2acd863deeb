import { setTimeout as pause } from 'node:timers/promises';
import type { FlameLog } from '../../core/flame-log.js';
import type { BootRequest } from '../backend.js';
import type { Leftovers } from '../platform/leftovers.js';
import { NoAnswer, PlatformRequests } from '../platform/platform-requests.js';
import { HostFailure } from './host-failure.js';
import { HostSession, supervisorSilence } from './host-session.js';
import { vanished } from './ssh-exit.js';
import { machineId, SshMachine } from './ssh-machine.js';
import type { MachineHost } from './ssh-machine.js';
import type { SshHostConfig } from './ssh-options.js';
import type { FromSupervisor, RunnerStart, SupervisorRequests } from './supervisor/supervisor-messages.js';

/** Time without runners after which a connection is closed, in milliseconds. */
const idleTimeout = 5_000;
/** The pause before a host that failed is tried again, in milliseconds. It doubles with each failure. */
const firstBackoff = 1_000;
const longestBackoff = 60_000;
/** The pause between two attempts to restore a connection, in milliseconds. It doubles. */
const firstPause = 100;
const longestPause = 2_000;

/** What the hosts of a backend share. */
export interface HostSetup {
  readonly node: string;
  readonly parent: string;
  readonly requestTimeout: number;
  readonly log: FlameLog;
  readonly leftovers: Leftovers;
}

/**
 * One host: its connection, which all of its runners share, and its runners. It connects when it is needed, restores a connection that broke
 * while runners run there, and closes it when none does.
 */
export class SshHost implements MachineHost {
  readonly config: SshHostConfig;
  readonly patience: number;
  readonly #setup: HostSetup;
  readonly #requests: PlatformRequests;
  readonly #machines = new Map<string, SshMachine>();
  /** The host's ports that lead to ports of this process. They stay the same over connections. */
  readonly #ports = new Map<number, number>();
  readonly #closing = new AbortController();
  #opening: Promise<HostSession> | undefined;
  #session: HostSession | undefined;
  #reserved = 0;
  #failures = 0;
  #failed: { readonly at: number; readonly why: HostFailure } | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(config: SshHostConfig, setup: HostSetup) {
    this.config = config;
    this.#setup = setup;
    const { requestTimeout, log } = setup;
    this.#requests = new PlatformRequests({ backend: 'ssh', api: `the host ${config.name}`, requestTimeout, log, statusOf: () => undefined });
    this.patience = 2 * requestTimeout;
  }

  get name(): string {
    return this.config.name;
  }

  /** The number of places in use, including those of boots. */
  get used(): number {
    return this.#machines.size + this.#reserved;
  }

  /** Why the host could not be used, while its pause lasts. */
  get resting(): HostFailure | undefined {
    const time = Math.min(longestBackoff, firstBackoff * 2 ** (this.#failures - 1));
    return this.#failed && performance.now() < this.#failed.at + time ? this.#failed.why : undefined;
  }

  /** Takes a place, until the returned function is called. */
  reserve(): () => void {
    this.#reserved++;
    let held = true;
    return () => {
      if (held) this.#reserved--;
      held = false;
    };
  }

  /** Connects, if there is no connection. @throws {HostFailure} after which `resting` is set; the signal's reason when that aborts. */
  async connect(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    await Promise.race([this.#open(), aborted]);
  }

  /** A port of the host that leads to `port` of this process. */
  async forward(port: number): Promise<number> {
    const session = await this.#open();
    const known = this.#ports.get(port);
    if (known !== undefined) return known;
    const opened = await this.#limited('open a port', session.forward(port)).catch((error: HostFailure) => {
      throw this.#note(error);
    });
    this.#ports.set(port, opened);
    return opened;
  }

  /** Starts a runner. @throws {HostFailure} when it could not be started; then nothing of it is left, or the host ends it later. */
  async start(request: BootRequest, start: Omit<RunnerStart, 'id' | 'shutdownTimeout' | 'reconnectTimeout'>): Promise<SshMachine> {
    const session = await this.#open();
    request.signal.throwIfAborted();
    const machine = new SshMachine(this, request);
    const { runner: id, times } = machine;
    this.#machines.set(id, machine);
    void machine.exited.then(() => this.#remove(machine));
    try {
      const { pid } = await this.#limited(`start runner ${id}`, session.ask('run', `${start.file} cannot be started`, { ...start, id, ...times }));
      machine.begin(pid);
      return machine;
    } catch (error) {
      // Without an answer it is unknown whether there is a process.
      if (error instanceof HostFailure && error.reported) machine.lose(vanished('it was not started'));
      await machine.stop(0);
      throw this.#note(error as HostFailure);
    }
  }

  /** Asks the supervisor. */
  async ask<T extends 'look' | 'list' | 'reap'>(what: T, doing: string, wait = 0): Promise<SupervisorRequests[T]['answer']> {
    const session = await this.#open();
    const answer = await this.#limited(doing, session.ask(what, doing, {}), wait);
    this.#rest();
    return answer;
  }

  /** The ids of the machines of this parent of which a process exists on the host. */
  async machines(): Promise<string[]> {
    const there = await this.ask('list', 'list runners');
    return there.map(({ pid }) => machineId(this.name, pid));
  }

  /** Opens a port as for a runner, and closes it again. */
  async tryForward(): Promise<void> {
    const session = await this.#open();
    await this.#limited('open a port', session.tryForward());
    this.#rest();
  }

  stop(machine: SshMachine): void {
    this.#session?.send({ type: 'stop', id: machine.runner, grace: machine.grace! });
  }

  giveUp(machine: SshMachine): void {
    const { runner, id } = machine;
    const what = machine.started ? `ssh: runner ${runner} (${id})` : `ssh: runner ${runner} on ${this.name}`;
    const problem = `${this.name} does not answer${Number.isFinite(this.#lifeAlone(machine)) ? `; the runner ends there by itself within ${Math.ceil(this.#lifeAlone(machine) / 1_000)} s` : ''}`;
    const remove = async (): Promise<boolean> => {
      const session = await this.#open();
      session.send({ type: 'stop', id: runner, grace: 0 });
      const there = await this.#limited('list runners', session.ask('list', 'list runners', {}));
      if (there.some(({ id: other }) => other === runner)) throw new Error(problem);
      return true;
    };
    this.#setup.leftovers.add(what, problem, { remove });
    machine.lose(vanished(`its host ${this.name} does not answer`));
  }

  /** Closes the connection, after the machines are gone. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#idle);
    const session = this.#session ?? (await this.#opening?.catch(() => undefined));
    await session?.close();
  }

  /** Kills the remaining runners. */
  async stopAll(): Promise<void> {
    await Promise.all(Array.from(this.#machines.values(), (machine) => machine.stop(0)));
  }

  #open(): Promise<HostSession> {
    clearTimeout(this.#idle);
    this.#opening ??= this.#connect().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #connect(): Promise<HostSession> {
    const { node, parent } = this.#setup;
    const { config } = this;
    try {
      const take = (message: FromSupervisor & { type: 'exit' | 'output' }): void => this.#take(message);
      const open = (signal: AbortSignal): ReturnType<typeof HostSession.open> => HostSession.open({ config, node, parent, take }, signal);
      const { session, runners } = await this.#requests.send('connect', open, { signal: this.#closing.signal });
      await this.#restorePorts(session);
      this.#session = session;
      void session.closed.then((reason) => this.#lost(session, reason));
      this.#compare(session, runners);
      this.#failed = undefined;
      this.#failures = 0;
      this.#rest();
      return session;
    } catch (error) {
      this.#closing.signal.throwIfAborted();
      throw this.#note(this.#failureOf(error));
    }
  }

  /** The next boots try other hosts first. */
  #note(why: HostFailure): HostFailure {
    this.#failures++;
    this.#failed = { at: performance.now(), why };
    return why;
  }

  /** The runners' sessions come back to the ports that they know. The sshd of the former connection may hold them for a moment. */
  async #restorePorts(session: HostSession): Promise<void> {
    for (const [port, opened] of this.#ports) {
      for (let tries = 1; ; tries++) {
        try {
          await session.forward(port, opened);
          break;
        } catch (error) {
          if (tries < 20) await pause(50);
          else {
            this.#ports.delete(port);
            this.#setup.log.warn(`ssh: runners on ${this.name} cannot come back to their sessions: ${(error as Error).message}`);
            break;
          }
        }
      }
    }
  }

  /** What the supervisor has, after a connection was restored. */
  #compare(session: HostSession, runners: (FromSupervisor & { type: 'hello' })['runners']): void {
    for (const { id, exit } of runners) {
      if (exit) this.#take({ type: 'exit', id, ...exit });
      // A leftover, or a runner whose start was not confirmed.
      else if (!this.#machines.has(id)) session.send({ type: 'stop', id, grace: 0 });
    }
    const there = new Set(runners.map(({ id }) => id));
    for (const machine of this.#machines.values()) {
      if (!there.has(machine.runner)) machine.lose(vanished(`${this.name} has lost it: its supervisor was killed, or the host was restarted`));
      else if (machine.grace !== undefined) session.send({ type: 'stop', id: machine.runner, grace: machine.grace });
    }
  }

  #take(message: FromSupervisor & { type: 'exit' | 'output' }): void {
    const machine = this.#machines.get(message.id);
    if (message.type === 'output') return machine?.output(message.stream, message.text);
    this.#session?.send({ type: 'forget', id: message.id });
    return machine?.end(message);
  }

  #lost(session: HostSession, reason: string): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#opening = undefined;
    if (this.#machines.size === 0 || this.#closing.signal.aborted) return;
    this.#setup.log.warn(`ssh: the connection to ${this.name} was lost (${reason}); trying to restore it`);
    void this.#restore();
  }

  async #restore(): Promise<void> {
    const began = performance.now();
    for (let time = firstPause; this.#machines.size > 0 && !this.#closing.signal.aborted; time = Math.min(longestPause, time * 2)) {
      try {
        await this.#open();
        return;
      } catch (error) {
        const alone = performance.now() - began;
        for (const machine of this.#machines.values())
          if (alone > this.#lifeAlone(machine)) machine.lose(vanished(`its host does not answer: ${(error as Error).message}`));
        await pause(time, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
  }

  /** The time after which a supervisor without a parent has ended a runner for certain, in milliseconds. */
  #lifeAlone({ times }: SshMachine): number {
    return times.reconnectTimeout + 2 * times.shutdownTimeout + 30_000 + supervisorSilence;
  }

  #remove(machine: SshMachine): void {
    this.#machines.delete(machine.runner);
    this.#rest();
  }

  /** Closes the connection after a while without runners. */
  #rest(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.used > 0 || this.#session === undefined) return;
      const session = this.#session;
      this.#session = undefined;
      this.#opening = undefined;
      this.#ports.clear();
      void session.close();
    }, idleTimeout);
    this.#idle.unref();
  }

  async #limited<T>(doing: string, answer: Promise<T>, wait = 0): Promise<T> {
    try {
      return await this.#requests.send(doing, () => answer, { wait });
    } catch (error) {
      throw this.#failureOf(error);
    }
  }

  #failureOf(error: unknown): HostFailure {
    if (error instanceof HostFailure) return error;
    const problem = error instanceof NoAnswer ? `it did not answer in time (${error.message})` : (error as Error).message;
    return new HostFailure(this.name, problem, 'Check that it is up, and that no firewall drops connections to it.');
  }
}
