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

/** The time limit for dialling an instance and for a discovery, in milliseconds. */
const patience = 3_000;

/**
 * The sessions with the other instances. It queries the discovery regularly and keeps a session with each instance that it finds. An
 * instance that stops answering leaves the table as soon as its session notices, and returns as soon as it answers again. The table owns
 * the sessions.
 */
export class InstanceTable {
  readonly #setup: InstanceTableSetup;
  readonly #peers = new Map<string, Peer>();
  readonly #closed = new AbortController();
  /** The search that the first call starts continues after that call, so it runs outside of the call's async context. */
  readonly #scope = new AsyncResource('FLAMEINSTANCES');
  #ready: Promise<void> | undefined;
  #silence: string | undefined;

  constructor(setup: InstanceTableSetup) {
    this.#setup = setup;
  }

  /** Resolves when each instance of the first search has been tried. The first read starts the search. */
  get ready(): Promise<void> {
    return (this.#ready ??= this.#scope.runInAsyncScope(this.#start, this));
  }

  /** All open sessions, including those with instances that take no calls now. */
  get sessions(): InstanceSession[] {
    const sessions: InstanceSession[] = [];
    for (const { session } of this.#peers.values()) if (session) sessions.push(session);
    return sessions;
  }

  get peers(): readonly KnownPeer[] {
    return [...this.#peers.values()];
  }

  /** Makes no more calls, gives running calls `grace` milliseconds, and ends the sessions. */
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
      if (!Array.isArray(answer)) throw new Error(`its find() must return a list of instances, but returned ${show(answer)}`);
      found = new Set(
        (answer as readonly FoundInstance[]).map(({ address }, index) =>
          readAddress(address, `the address of instance ${index} in its result`),
        ),
      );
      if (this.#silence !== undefined) log.log('the discovery of instances works again');
      this.#silence = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#silence) log.warn(`the discovery of instances failed, so the known instances are kept: ${message}`);
      this.#silence = message;
      return;
    }
    if (this.#closed.signal.aborted) return;
    for (const address of found) if (!this.#peers.has(address)) this.#peers.set(address, this.#peer(address));
    for (const [address, peer] of this.#peers) {
      // An instance that is no longer listed is used until its session ends, and is then forgotten.
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

  /** Resolves to the result of `ask`; rejects if it takes longer than `patience`. */
  async #inTime<T>(ask: (signal: AbortSignal) => Promise<T>, dropped?: AbortSignal): Promise<T> {
    const late = new AbortController();
    const signals = [late.signal, this.#closed.signal, ...(dropped ? [dropped] : [])];
    const signal = AbortSignal.any(signals);
    const cancel = this.#setup.clock.after(patience, () => late.abort(new Error(`no answer within ${patience} ms`)));
    let forget = (): void => {};
    const aborted = new Promise<never>((_, reject) => {
      const refuse = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', refuse, { once: true });
      // Node keeps a combined signal in memory as long as it has listeners.
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
