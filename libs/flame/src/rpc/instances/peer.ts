import type { FlameError } from '../../core/errors/flame-error.js';
import type { InstanceSession, InstanceState } from './instance-session.js';

/** The functions of the table that a peer uses. */
export interface PeerHome {
  /** Opens a session. Rejects with the reason if that fails. */
  dial(address: string, signal: AbortSignal): Promise<InstanceSession>;
  /**
   * Decides about a new session: use it, close it because it leads to this instance itself, or close it and wait until the existing session
   * with the same instance is over.
   */
  judge(session: InstanceSession): 'use' | 'self' | { twin: InstanceSession };
  came(session: InstanceSession): void;
  went(session: InstanceSession, reason: string): void;
  /** Called when the address does not answer, for the first time or for another reason than before. */
  silent(address: string, reason: string): void;
  /** Resolves after `delay` milliseconds, or when the signal aborts. */
  rest(delay: number, signal: AbortSignal): Promise<void>;
}

/** Why an instance takes no calls although it has a session. */
const troubles: Record<InstanceState, string | undefined> = {
  ready: undefined,
  suspended: 'its connection is cut, and may be restored',
  leaving: 'it is shutting down',
  over: undefined,
};

const firstPause = 250;
const longestPause = 4_000;

/** An address at which an instance may listen. It dials the address until it is dropped, and holds the session. */
export class Peer {
  readonly address: string;
  readonly #home: PeerHome;
  readonly #dropped = new AbortController();
  #session: InstanceSession | undefined;
  #trouble: string | undefined;
  #self = false;
  /** Resolves when the first attempt has succeeded or failed. */
  readonly tried: Promise<void>;
  #firstTried!: () => void;

  constructor(address: string, home: PeerHome) {
    this.address = address;
    this.#home = home;
    this.tried = new Promise((resolve) => (this.#firstTried = resolve));
    void this.#live();
  }

  /** The session in use. */
  get session(): InstanceSession | undefined {
    return this.#session;
  }

  /** Why the instance takes no calls; undefined while it does. */
  get trouble(): string | undefined {
    return this.#trouble ?? troubles[this.#session?.state ?? 'ready'];
  }

  /** Stops dialling. A session stays open until it ends. */
  drop(): void {
    this.#dropped.abort();
  }

  async #live(): Promise<void> {
    const { signal } = this.#dropped;
    for (let pause = firstPause; !signal.aborted; pause = Math.min(pause * 2, longestPause)) {
      try {
        await this.#once(signal);
        pause = firstPause;
      } catch (error) {
        const { message } = error as FlameError;
        if (this.#trouble !== message && !signal.aborted) this.#home.silent(this.address, message);
        this.#trouble = message;
      }
      this.#firstTried();
      if (!this.#self) await this.#home.rest(pause * (0.5 + Math.random() / 2), signal);
      else return;
    }
    this.#firstTried();
  }

  /** One session from its beginning to its end. */
  async #once(signal: AbortSignal): Promise<void> {
    const session = await this.#home.dial(this.address, signal);
    this.#trouble = undefined;
    // The peer was dropped meanwhile, so the table would never close this session.
    if (signal.aborted) return session.close(0, 'it is not needed');
    const decision = this.#home.judge(session);
    if (decision !== 'use') {
      await session.close(0, 'it is not needed');
      this.#firstTried();
      if (decision === 'self') this.#self = true;
      else await decision.twin.over;
      return;
    }
    this.#session = session;
    this.#home.came(session);
    this.#firstTried();
    const reason = await session.over;
    this.#session = undefined;
    this.#home.went(session, reason);
    this.#trouble = reason;
  }
}
