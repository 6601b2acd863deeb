import type { FlameLog } from '../../core/flame-log.js';
import type { BootRequest } from '../backend.js';
import type { Leftovers } from '../platform/leftovers.js';
import { HostConnector } from './host-connector.js';
import type { HostFailure } from './host-failure.js';
import { supervisorSilence } from './host-session.js';
import type { HostSession } from './host-session.js';
import { vanished } from './ssh-exit.js';
import { machineId, SshMachine } from './ssh-machine.js';
import type { MachineHost } from './ssh-machine.js';
import type { SshHostConfig } from './ssh-options.js';
import type { FromSupervisor, RunnerStart, SupervisorRequests } from './supervisor/supervisor-messages.js';

/** What the hosts of a backend share. */
export interface HostSetup {
  readonly node: string;
  readonly parent: string;
  readonly requestTimeout: number;
  readonly log: FlameLog;
  readonly leftovers: Leftovers;
}

/** One host with its runners. It owns the connection that they share. */
export class SshHost implements MachineHost {
  readonly config: SshHostConfig;
  readonly answerTimeout: number;
  readonly #connector: HostConnector;
  readonly #leftovers: Leftovers;
  readonly #machines = new Map<string, SshMachine>();
  #reserved = 0;

  constructor(config: SshHostConfig, { leftovers, ...setup }: HostSetup) {
    this.config = config;
    this.answerTimeout = 2 * setup.requestTimeout;
    this.#leftovers = leftovers;
    this.#connector = new HostConnector({
      ...setup,
      config,
      take: (message) => this.#take(message),
      connected: (session, runners) => this.#compare(session, runners),
      missed: (time, why) => this.#missed(time, why),
      inUse: () => this.used > 0,
    });
  }

  get name(): string {
    return this.config.name;
  }

  /** The number of places in use, including those of boots. */
  get used(): number {
    return this.#machines.size + this.#reserved;
  }

  /** Why the host could not be used just now; undefined if it may be tried. */
  get resting(): HostFailure | undefined {
    return this.#connector.resting;
  }

  /** Takes a place, until the returned function is called. */
  reserve(): () => void {
    this.#reserved++;
    return () => void this.#reserved--;
  }

  /** Connects, if there is no connection. @throws {HostFailure} when the host cannot be used; the signal's reason when that aborts. */
  async connect(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    await Promise.race([this.#connector.open(), aborted]);
  }

  /** A port of the host that leads to `port` of this process. @throws {HostFailure} */
  forward(port: number): Promise<number> {
    return this.#connector.forward(port);
  }

  /** Opens a port as for a runner, and closes it again. @throws {HostFailure} */
  async tryForward(): Promise<void> {
    const session = await this.#connector.open();
    await this.#connector.limit('open a port', session.tryForward());
    this.#connector.rest();
  }

  /** Starts a runner. @throws {HostFailure} when it could not be started; then nothing of it is left, or the host ends it later. */
  async start(request: BootRequest, start: Omit<RunnerStart, 'id' | 'shutdownTimeout' | 'reconnectTimeout'>): Promise<SshMachine> {
    const session = await this.#connector.open();
    request.signal.throwIfAborted();
    const machine = new SshMachine(this, request);
    const { runner: id, times } = machine;
    this.#machines.set(id, machine);
    void machine.exited.then(() => {
      this.#machines.delete(id);
      this.#connector.rest();
    });
    try {
      const answer = session.ask('run', `${start.file} cannot be started`, { ...start, id, ...times });
      machine.begin((await this.#connector.limit(`start runner ${id}`, answer)).pid);
      return machine;
    } catch (error) {
      // Without an answer it is unknown whether there is a process.
      if ((error as HostFailure).reported) machine.lose(vanished('it was not started'));
      await machine.stop(0);
      throw this.#connector.note(error as HostFailure);
    }
  }

  /** Asks the supervisor, which may take `wait` milliseconds more than `requestTimeout`. @throws {HostFailure} */
  async ask<T extends 'look' | 'list' | 'reap'>(what: T, doing: string, wait = 0): Promise<SupervisorRequests[T]['answer']> {
    const session = await this.#connector.open();
    const answer = await this.#connector.limit(doing, session.ask(what, doing, {}), wait);
    this.#connector.rest();
    return answer;
  }

  /** The ids of the machines of this parent of which a process exists on the host. */
  async machines(): Promise<string[]> {
    return (await this.ask('list', 'list runners')).map(({ pid }) => machineId(this.name, pid));
  }

  stop(machine: SshMachine): void {
    this.#connector.current?.send({ type: 'stop', id: machine.runner, grace: machine.grace! });
  }

  giveUp(machine: SshMachine): void {
    const { runner } = machine;
    const alone = timeWithoutParent(machine);
    const itself = Number.isFinite(alone) ? `, where it ends by itself within ${Math.ceil(alone / 1_000)} s` : '';
    const problem = `its host does not answer${itself}`;
    const remove = async (): Promise<boolean> => {
      (await this.#connector.open()).send({ type: 'stop', id: runner, grace: 0 });
      if ((await this.ask('list', 'list runners')).some(({ id }) => id === runner)) throw new Error(problem);
      return true;
    };
    this.#leftovers.add(`ssh: runner ${runner} on ${this.name}`, problem, { remove });
    machine.lose(vanished(`its host ${this.name} does not answer`));
  }

  /** Kills the remaining runners. */
  async stopAll(): Promise<void> {
    await Promise.all(Array.from(this.#machines.values(), (machine) => machine.stop(0)));
  }

  /** Closes the connection, after the machines are gone. Idempotent. */
  close(): Promise<void> {
    return this.#connector.close();
  }

  /** Compares with what the supervisor has, after a connection was made. */
  #compare(session: HostSession, runners: readonly string[]): void {
    // A leftover, or a runner whose start was not confirmed.
    for (const id of runners) if (!this.#machines.has(id)) session.send({ type: 'stop', id, grace: 0 });
    const there = new Set(runners);
    for (const machine of this.#machines.values()) {
      if (!there.has(machine.runner))
        machine.lose(
          vanished(`it is gone from ${this.name}: the process that started it there (supervisor) was killed, or the host was restarted`),
        );
      else if (machine.grace !== undefined) session.send({ type: 'stop', id: machine.runner, grace: machine.grace });
    }
  }

  #take(message: FromSupervisor & { type: 'exit' | 'output' }): void {
    const machine = this.#machines.get(message.id);
    if (message.type === 'output') return machine?.output(message.stream, message.text);
    this.#connector.current?.send({ type: 'forget', id: message.id });
    return machine?.end(message);
  }

  #missed(time: number, why: HostFailure): void {
    for (const machine of this.#machines.values())
      if (time > timeWithoutParent(machine)) machine.lose(vanished(`its host does not answer: ${why.problem}`));
  }
}

/** The time after which a supervisor without a parent has ended a runner for certain, in milliseconds. */
function timeWithoutParent({ times }: SshMachine): number {
  return times.reconnectTimeout + 2 * times.shutdownTimeout + 30_000 + supervisorSilence;
}
