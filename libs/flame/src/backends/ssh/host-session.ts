import type { ClientChannel } from 'ssh2';
import { HostFailure, hostFailure, startFailure } from './host-failure.js';
import { SshConnection } from './ssh-connection.js';
import type { SshHostConfig } from './ssh-options.js';
import { supervisorCommand } from './supervisor/supervisor-command.js';
import { supervisorProgram } from './supervisor/supervisor-program.js';
import type { FromSupervisor, SupervisorRequests, ToSupervisor } from './supervisor/supervisor-messages.js';

/** How often the supervisor hears of this process, and the silence after which it takes the connection for broken, in milliseconds. */
const pingEvery = 5_000;
export const supervisorSilence = 30_000;
/** The longest message of a supervisor, in characters. A longer one ends the connection. */
const longestMessage = 4 * 1024 * 1024;
/** Time for a supervisor to end when it is told to, in milliseconds. */
const endTimeout = 2_000;

type Hello = FromSupervisor & { type: 'hello' };
type Pending = { resolve: (value: unknown) => void; reject: (error: Error) => void };

/** What a session is opened with. */
export interface SessionSetup {
  readonly config: SshHostConfig;
  /** Node on the host. */
  readonly node: string;
  /** The parent's name. A supervisor serves one parent. */
  readonly parent: string;
  /** Gets the messages about runners. */
  readonly take: (message: FromSupervisor & { type: 'exit' | 'output' }) => void;
}

/** A connection to a host and to this parent's supervisor there, which it starts, or finds again. It owns both. */
export class HostSession {
  /** Resolves with the reason when the session is over. */
  readonly closed: Promise<string>;
  readonly #setup: SessionSetup;
  readonly #connection: SshConnection;
  readonly #channel: ClientChannel;
  readonly #pending = new Map<number, Pending>();
  readonly #hello: Promise<Hello>;
  readonly #ping: NodeJS.Timeout;
  #settleHello!: Pending;
  #asked = 0;
  #over = false;
  #stderr = '';

  private constructor(setup: SessionSetup, connection: SshConnection, channel: ClientChannel) {
    this.#setup = setup;
    this.#connection = connection;
    this.#channel = channel;
    this.#hello = new Promise((resolve, reject) => (this.#settleHello = { resolve: resolve as Pending['resolve'], reject }));
    this.#hello.catch(() => {});
    this.#ping = setInterval(() => this.send({ type: 'ping' }), pingEvery);
    const ended = new Promise<string>((resolve) => {
      let code: number | undefined;
      channel.on('exit', (exit: number | null) => (code = exit ?? undefined));
      channel.on('error', () => {});
      channel.on('close', () => {
        // What it wrote last, in the same turn of the event loop, is read first: it says why the supervisor ended.
        setImmediate(() => {
          this.#settleHello.reject(startFailure(setup.config.name, setup.node, code, this.#stderr));
          resolve(
            `the process that starts its runners (supervisor) ended${this.#stderr === '' ? '' : `: ${this.#stderr.trim().slice(-300)}`}`,
          );
        });
      });
    });
    channel.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr = (this.#stderr + text).slice(-2_000)));
    this.#read();
    this.closed = Promise.race([connection.closed, ended]).then((reason) => this.#end(reason));
  }

  /** @throws {HostFailure} when the host cannot be used; the signal's reason when that aborts. */
  static async open(setup: SessionSetup, signal: AbortSignal): Promise<{ session: HostSession; runners: readonly string[] }> {
    const { config, node, parent } = setup;
    const connection = await SshConnection.open(config, signal);
    const stop = (): void => connection.drop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      signal.throwIfAborted();
      const start = (channel: ClientChannel): HostSession => {
        channel.write(`${JSON.stringify({ program: supervisorProgram, parent, silence: supervisorSilence })}\n`);
        return new HostSession(setup, connection, channel);
      };
      const session = await connection.exec(supervisorCommand(node, parent), start).catch((error: Error) => {
        throw new HostFailure(
          config.name,
          `it refuses to run a command (${error.message})`,
          'Raise MaxSessions in its sshd_config above 0.',
          true,
        );
      });
      const { runners } = await session.#hello;
      return { session, runners };
    } catch (error) {
      connection.drop();
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  send(message: ToSupervisor): void {
    if (!this.#over) this.#channel.write(`${JSON.stringify(message)}\n`);
  }

  /** @throws {HostFailure} with the host's error, or when the session ends before the answer. */
  ask<T extends keyof SupervisorRequests>(
    what: T,
    doing: string,
    more: SupervisorRequests[T]['with'],
  ): Promise<SupervisorRequests[T]['answer']> {
    return new Promise((resolve, reject) => {
      if (this.#over) return reject(this.#broken('it is over'));
      const number = ++this.#asked;
      const refuse = (error: Error): void =>
        reject(error instanceof HostFailure ? error : hostFailure(this.#setup.config.name, error, doing));
      this.#pending.set(number, { resolve: resolve as Pending['resolve'], reject: refuse });
      this.send({ ...more, type: 'ask', what, number });
    });
  }

  /** As `SshConnection.forward`. */
  forward(port: number, wanted?: number): Promise<number> {
    return this.#connection.forward(port, wanted);
  }

  /** Opens a port as for a runner, and closes it. @throws {HostFailure} when the host does not allow it. */
  async tryForward(): Promise<void> {
    await this.#connection.unforward(await this.#connection.forward(0));
  }

  /** Ends the supervisor with all of its runners, then the connection. */
  async close(): Promise<void> {
    this.send({ type: 'end' });
    const force = setTimeout(() => this.#connection.drop(), endTimeout);
    await this.closed;
    clearTimeout(force);
    await this.#connection.end();
  }

  #read(): void {
    let rest = '';
    this.#channel.setEncoding('utf8');
    this.#channel.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      if (rest.length > longestMessage) this.#connection.drop();
      for (const line of lines) this.#take(line);
    });
  }

  #take(line: string): void {
    const message = parse(line);
    switch (message?.type) {
      case 'hello':
        return this.#settleHello.resolve(message);
      case 'failed':
        return this.#settleHello.reject(
          hostFailure(this.#setup.config.name, message, 'the process that starts its runners (supervisor) cannot start'),
        );
      case 'old':
        return this.#settleHello.reject(tooOld(this.#setup, message.node));
      case 'answer': {
        const { number, value, error } = message;
        const pending = this.#pending.get(number);
        this.#pending.delete(number);
        return error ? pending?.reject(Object.assign(new Error(error.message), error)) : pending?.resolve(value);
      }
      case 'exit':
      case 'output':
        return this.#setup.take(message);
      case undefined:
        // A login shell may print a greeting of its own.
        return undefined;
    }
  }

  #end(reason: string): string {
    this.#over = true;
    clearInterval(this.#ping);
    this.#connection.drop();
    for (const { reject } of this.#pending.values()) reject(this.#broken(reason));
    this.#pending.clear();
    this.#settleHello.reject(this.#broken(reason));
    return reason;
  }

  #broken(reason: string): HostFailure {
    return new HostFailure(
      this.#setup.config.name,
      `the connection was lost (${reason})`,
      'Check that the host is up, and the network in between.',
    );
  }
}

function parse(line: string): FromSupervisor | undefined {
  try {
    return JSON.parse(line) as FromSupervisor;
  } catch {
    return undefined;
  }
}

function tooOld({ config, node }: SessionSetup, version: string): HostFailure {
  return new HostFailure(
    config.name,
    `its Node (${node}) is ${version}, but runners need 20.19 or later`,
    'Install Node 20.19 or later on the host, or set the option node to its path.',
    true,
  );
}
