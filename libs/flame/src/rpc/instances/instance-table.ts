import { AsyncResource } from 'node:async_hooks';
import type { Clock } from '../../core/clock.js';
import type { FlameLog } from '../../core/flame-log.js';
import { readAddress } from '../discovery/address.js';
import { show } from '../../core/options/option-reader.js';
import type { Discovery, FoundInstance } from '../discovery/discovery.js';
import type { KnownPeer } from './instance-info.js';
import { describe } from '../rpc-errors.js';
import type { InstanceSession } from './instance-session.js';
import { Peer } from './peer.js';

export interface InstanceTableSetup {
  /** This instance's own id. */
  readonly id: string;
  readonly discovery: Discovery;
  readonly refreshEvery: number;
  readonly clock: Clock;
  readonly log: FlameLog;
  readonly dial: (address: string, signal: AbortSignal) => Promise<InstanceSession>;
}

/** How long an instance that is dialled, and a discovery that is asked, may take. */
const patience = 3_000;

/**
 * The other instances, by whether they answer: it asks the discovery again and again, and holds a session with everyone it finds. Who stops
 * answering is out of the table as soon as the session notices, and back as soon as it answers. It owns the sessions.
 */
export class InstanceTable {
  readonly #setup: InstanceTableSetup;
  readonly #peers = new Map<string, Peer>();
  readonly #closed = new AbortController();
  /** What is begun for the first call goes on after it, and is nobody's. */
  readonly #scope = new AsyncResource('FLAMEINSTANCES');
  #ready: Promise<void> | undefined;
  #silence: string | undefined;

  constructor(setup: InstanceTableSetup) {
    this.#setup = setup;
  }

  /** Resolves when everyone who was found first has been tried. Starts it all when it is first asked for. */
  get ready(): Promise<void> {
    return (this.#ready ??= this.#scope.runInAsyncScope(this.#start, this));
  }

  /** Everyone with whom there is a session, those who take no calls now included. */
  get sessions(): InstanceSession[] {
    const sessions: InstanceSession[] = [];
    for (const { session } of this.#peers.values()) if (session) sessions.push(session);
    return sessions;
  }

  get peers(): readonly KnownPeer[] {
    return [...this.#peers.values()];
  }

  /** Makes no more calls, gives those that run `grace` milliseconds, and ends the sessions. */
  async close(grace: number): Promise<void> {
    this.#closed.abort();
    for (const peer of this.#peers.values()) peer.drop();
    await Promise.all(this.sessions.map((session) => session.close(grace, 'this instance is shutting down')));
  }

  async #start(): Promise<void> {
    await this.#refresh();
    void this.#refreshOn();
    await Promise.all(Array.from(this.#peers.values(), ({ tried }) => tried));
  }

  async #refreshOn(): Promise<void> {
    const { signal } = this.#closed;
    for (;;) {
      await this.#rest(this.#setup.refreshEvery, signal);
      if (signal.aborted) return;
      await this.#refresh();
    }
  }

  async #refresh(): Promise<void> {
    const { discovery, log } = this.#setup;
    let found: Set<string>;
    try {
      const answer: unknown = await this.#inTime((signal) => discovery.find(signal));
      if (!Array.isArray(answer)) throw new Error(`it must give a list of instances, but gave ${show(answer)}`);
      found = new Set(
        (answer as readonly FoundInstance[]).map(({ address }, place) =>
          readAddress(address, `the address of instance ${place} that it found`),
        ),
      );
      if (this.#silence !== undefined) log.log('the discovery of instances works again');
      this.#silence = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#silence) log.warn(`instances could not be discovered, those that are known stay: ${message}`);
      this.#silence = message;
      return;
    }
    if (this.#closed.signal.aborted) return;
    for (const address of found) if (!this.#peers.has(address)) this.#peers.set(address, this.#peer(address));
    for (const [address, peer] of this.#peers) {
      // Who is not listed any more is used until it leaves, and then forgotten.
      if (found.has(address) || peer.session) continue;
      peer.drop();
      this.#peers.delete(address);
    }
  }

  #peer(address: string): Peer {
    const { id, log, dial } = this.#setup;
    return new Peer(address, {
      dial: (to, dropped) => this.#inTime((signal) => dial(to, signal), dropped),
      judge: ({ info }) => {
        if (info.id === id) return 'self';
        const twin = this.sessions.find((session) => session.info.id === info.id);
        return twin ? { twin } : 'use';
      },
      came: ({ info }) => log.log(`instance ${describe(info)} answers`),
      went: ({ info }, reason) => {
        if (!this.#closed.signal.aborted) log.warn(`instance ${describe(info)} is gone: ${reason}`);
      },
      silent: (at, reason) => log.warn(`no instance answers at ${at}: ${reason}`),
      rest: (delay, signal) => this.#rest(delay, signal),
    });
  }

  /** What `ask` gives within `patience`; rejects when it takes longer. */
  async #inTime<T>(ask: (signal: AbortSignal) => Promise<T>, dropped?: AbortSignal): Promise<T> {
    const late = new AbortController();
    const signals = [late.signal, this.#closed.signal, ...(dropped ? [dropped] : [])];
    const signal = AbortSignal.any(signals);
    const cancel = this.#setup.clock.after(patience, () => late.abort(new Error(`no answer within ${patience} ms`)));
    let forget = (): void => {};
    const aborted = new Promise<never>((_, reject) => {
      const refuse = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', refuse, { once: true });
      // Node keeps a signal made of others for as long as somebody listens to it.
      forget = () => signal.removeEventListener('abort', refuse);
    });
    try {
      return await Promise.race([ask(signal), aborted]);
    } finally {
      forget();
      cancel();
    }
  }

  #rest(delay: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#setup.clock.after(delay, done);
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
    });
  }
}
