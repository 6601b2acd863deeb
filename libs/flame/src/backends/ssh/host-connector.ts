import { setTimeout as pause } from 'node:timers/promises';
import type { FlameLog } from '../../core/flame-log.js';
import { NoAnswer, PlatformRequests } from '../platform/platform-requests.js';
import { HostFailure } from './host-failure.js';
import { HostSession } from './host-session.js';
import type { SessionSetup } from './host-session.js';

/** Time without use after which a connection is closed, in milliseconds. */
const idleTimeout = 5_000;
/** The pause in which a host that failed is tried last, in milliseconds. It doubles with each failure. */
const firstBackoff = 1_000;
const longestBackoff = 60_000;
/** The pause between two attempts to restore a connection, in milliseconds. It doubles. */
const firstPause = 100;
const longestPause = 2_000;
/** The most attempts to open a port that the sshd of the former connection may still hold, and the pause between them. */
const mostTries = 20;
const portPause = 50;

/** What a connector tells of its connections, and asks. */
export interface ConnectorSetup extends SessionSetup {
  readonly requestTimeout: number;
  readonly log: FlameLog;
  /** A connection is there, for the first time or again, with what its supervisor has. */
  readonly connected: (session: HostSession, runners: readonly string[]) => void;
  /** An attempt to restore the connection has failed, this many milliseconds after it broke. */
  readonly missed: (time: number, why: HostFailure) => void;
  /** Whether runners need the connection. */
  readonly inUse: () => boolean;
}

/**
 * The connection to one host, which its runners share. It is opened when it is needed, restored when it breaks while runners run there, and
 * closed when it was not used for five seconds.
 */
export class HostConnector {
  readonly #setup: ConnectorSetup;
  readonly #requests: PlatformRequests;
  /** The host's ports that lead to ports of this process. They stay the same over connections. */
  readonly #ports = new Map<number, Promise<number>>();
  readonly #closing = new AbortController();
  #opening: Promise<HostSession> | undefined;
  #session: HostSession | undefined;
  #failures = 0;
  #failed: { readonly at: number; readonly why: HostFailure } | undefined;
  #idle: NodeJS.Timeout | undefined;
  /** The end of the last session that was closed because nothing used it. */
  #ending: Promise<void> = Promise.resolve();

  constructor(setup: ConnectorSetup) {
    this.#setup = setup;
    const { config, requestTimeout, log } = setup;
    this.#requests = new PlatformRequests({
      backend: 'ssh',
      api: `the host ${config.name}`,
      requestTimeout,
      log,
      statusOf: () => undefined,
    });
  }

  /** The session, while there is one. */
  get current(): HostSession | undefined {
    return this.#session;
  }

  /** Why the host could not be used, while its pause lasts. */
  get resting(): HostFailure | undefined {
    const time = Math.min(longestBackoff, firstBackoff * 2 ** (this.#failures - 1));
    return this.#failed && performance.now() < this.#failed.at + time ? this.#failed.why : undefined;
  }

  /** Opens a session, if there is none. @throws {HostFailure} when the host cannot be used. */
  open(): Promise<HostSession> {
    clearTimeout(this.#idle);
    this.#opening ??= this.#connect().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  /** A port of the host that leads to `port` of this process. @throws {HostFailure} */
  async forward(port: number): Promise<number> {
    const session = await this.open();
    const known = this.#ports.get(port);
    if (known !== undefined) return known;
    const opened = this.limit('open a port', session.forward(port)).catch((error: HostFailure) => {
      this.#ports.delete(port);
      throw this.note(error);
    });
    this.#ports.set(port, opened);
    return opened;
  }

  /** Waits for an answer, for `requestTimeout` and `wait` milliseconds. @throws {HostFailure} */
  async limit<T>(doing: string, answer: Promise<T>, wait = 0): Promise<T> {
    try {
      return await this.#requests.send(doing, () => answer, { wait });
    } catch (error) {
      throw this.#failureOf(error);
    }
  }

  /** The host has failed: the next boots try others first. */
  note(why: HostFailure): HostFailure {
    this.#failures++;
    this.#failed = { at: performance.now(), why };
    return why;
  }

  /** Closes the session after a while, unless it is used again. */
  rest(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      const session = this.#session;
      if (session === undefined || this.#setup.inUse()) return;
      this.#session = undefined;
      this.#opening = undefined;
      this.#ports.clear();
      this.#ending = session.close();
    }, idleTimeout).unref();
  }

  /** Closes the session, and opens no other. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#idle);
    const session = this.#session ?? (await this.#opening?.catch(() => undefined));
    await Promise.all([session?.close(), this.#ending]);
  }

  async #connect(): Promise<HostSession> {
    const { signal } = this.#closing;
    // Otherwise the new session could find the supervisor of the former one, which is just ending.
    await this.#ending;
    try {
      const open = (until: AbortSignal): ReturnType<typeof HostSession.open> => HostSession.open(this.#setup, until);
      const { session, runners } = await this.#requests.send('connect', open, { signal });
      await this.#restorePorts(session);
      this.#session = session;
      void session.closed.then((reason) => this.#lost(session, reason));
      this.#failed = undefined;
      this.#failures = 0;
      this.#setup.connected(session, runners);
      this.rest();
      return session;
    } catch (error) {
      signal.throwIfAborted();
      throw this.note(this.#failureOf(error));
    }
  }

  /** Runners come back to their sessions through the ports that they know. */
  async #restorePorts(session: HostSession): Promise<void> {
    for (const [port, opening] of this.#ports) {
      const opened = await opening.catch(() => undefined);
      if (opened === undefined) continue;
      for (let tries = 1; ; tries++) {
        const failed = await session.forward(port, opened).then(
          () => undefined,
          (error: Error) => error,
        );
        if (failed === undefined) break;
        if (tries === mostTries) {
          this.#ports.delete(port);
          this.#setup.log.warn(`ssh: runners cannot connect again, and their calls fail after reconnectTimeout. ${failed.message}`);
          break;
        }
        await pause(portPause);
      }
    }
  }

  #lost(session: HostSession, reason: string): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#opening = undefined;
    if (!this.#setup.inUse() || this.#closing.signal.aborted) return;
    this.#setup.log.warn(`ssh: the connection to ${this.#setup.config.name} was lost (${reason}); trying to restore it`);
    void this.#restore();
  }

  async #restore(): Promise<void> {
    const { signal } = this.#closing;
    const began = performance.now();
    for (let time = firstPause; this.#setup.inUse() && !signal.aborted; time = Math.min(longestPause, time * 2)) {
      try {
        await this.open();
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#setup.missed(performance.now() - began, error as HostFailure);
        await pause(time, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #failureOf(error: unknown): HostFailure {
    if (error instanceof HostFailure) return error;
    const problem = error instanceof NoAnswer ? `it did not answer in time (${error.message})` : (error as Error).message;
    return new HostFailure(this.#setup.config.name, problem, 'Check that it is up, and that no firewall drops connections to it.');
  }
}
