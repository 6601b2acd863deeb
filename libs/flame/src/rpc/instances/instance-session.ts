import type { Machine, MachineExit } from '../../backends/backend.js';
import type { AbortListeners } from '../../core/call/abort-listeners.js';
import { CallScope } from '../../core/call/call-scope.js';
import { thrownWords } from '../../core/codec/thrown-words.js';
import type { Clock } from '../../core/clock.js';
import type { Codec } from '../../core/codec/codec.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { CancelCause } from '../../core/session/frame.js';
import type { PoolFact } from '../../core/pool/facts.js';
import { reasonOf } from '../../pool/calls/call-errors.js';
import type { AnswerObserver, HandleOwner } from '../../pool/runners/handle-owner.js';
import { PendingCall } from '../../pool/calls/pending-call.js';
import type { CallOptions, CallSetup } from '../../pool/calls/pending-call.js';
import { RunnerHandle } from '../../pool/runners/runner-handle.js';
import { goodbyeTimeout } from './goodbye-timeout.js';
import type { Attachment, Hello } from '../../transport/session/link.js';
import type { InstanceInfo } from './instance-info.js';
import { AskingLink } from '../replication/asking-link.js';
import type { CallPositions } from '../replication/call-positions.js';
import * as errors from '../rpc-errors.js';

export interface InstanceSessionSetup {
  readonly address: string;
  readonly attachment: Attachment;
  readonly codec: Codec;
  readonly clock: Clock;
  readonly listeners: AbortListeners;
  readonly warn: (text: string) => void;
}

/**
 * `ready`: it takes calls. `suspended`: its connection is broken and may resume. `leaving`: it takes no new calls. `over`: the session has
 * ended.
 */
export type InstanceState = 'ready' | 'suspended' | 'leaving' | 'over';

/** A call before an instance is chosen for it. */
export type RegionCallSetup = Omit<CallSetup, 'handler' | 'scope'> & Pick<CallOptions, 'onProgress'>;

/** The instance returned the call without starting it, because it is leaving. */
export class Bounced extends Error {
  override readonly name = 'Bounced';
}

/**
 * A session with another instance, for calls to it. It uses a runner's handle, with a machine that no backend boots or stops, and handles
 * the handle's facts itself instead of passing them to a pool's machine.
 */
export class InstanceSession implements HandleOwner {
  readonly info: InstanceInfo;
  readonly codec: Codec;
  readonly peer: string;
  readonly observer = unobserved;
  /** Resolves with the reason when the session has ended. */
  readonly over: Promise<string>;
  readonly #clock: Clock;
  readonly #listeners: AbortListeners;
  readonly #warn: (text: string) => void;
  readonly #drop: () => void;
  readonly #handle: RunnerHandle;
  readonly #link: AskingLink;
  /** Whether it answers calls that ask for the position of the database's log. */
  readonly reportsPositions: boolean;
  readonly #handlers = new Map<string, number>();
  readonly #calls = new Set<PendingCall>();
  #state: InstanceState = 'ready';
  #parted = false;
  #end!: (reason: string) => void;

  constructor({ address, attachment, codec, clock, listeners, warn }: InstanceSessionSetup) {
    const { hello } = attachment;
    const link = new AskingLink(attachment.link, codec);
    this.#link = link;
    this.reportsPositions = hello.positions ?? false;
    this.info = infoOf(hello, address);
    this.peer = `instance ${hello.runner} (region ${this.info.region})`;
    this.codec = codec;
    this.#clock = clock;
    this.#listeners = listeners;
    this.#warn = warn;
    hello.manifest.handlers.forEach((name, number) => this.#handlers.set(name, number));
    this.over = new Promise((resolve) => (this.#end = resolve));
    this.#drop = () => link.drop('it cannot be reached');
    const machine: Machine = {
      id: hello.runner,
      exited: neverSaid,
      stop: async () => {
        // Without a connection, no goodbye can be sent. An instance that is closing may not confirm it, so the wait is limited.
        if (this.#parted) return this.#drop();
        const cancel = clock.after(goodbyeTimeout, this.#drop);
        await link.close('this instance makes no more calls');
        cancel();
      },
    };
    this.#handle = new RunnerHandle(hello.runner, this, { machine, attachment: { hello, link } });
    this.#handle.open();
  }

  get state(): InstanceState {
    return this.#state;
  }

  /** The number of calls that run there now. */
  get load(): number {
    return this.#calls.size;
  }

  has(handler: string): boolean {
    return this.#handlers.has(handler);
  }

  /**
   * Runs a call there, for at most `timeout` milliseconds. Rejects with `Bounced` if it was not started.
   *
   * `signal` ends the call: its handler is aborted if the work is linked. `positions` gets the position of the log there, if the instance
   * reports it.
   */
  call(
    setup: RegionCallSetup,
    handler: string,
    timeout: number,
    signal: AbortSignal | undefined,
    positions?: CallPositions,
  ): Promise<unknown> {
    const { label, timeout: overall, onProgress } = setup;
    const warn = (error: unknown): void => this.#warn(`onProgress of ${label} threw: ${thrownWords(error)}`);
    const scope = new CallScope({ clock: this.#clock, listeners: this.#listeners, onProgress, warn });
    const call = new PendingCall({ ...setup, scope, handler: this.#handlers.get(handler)! });
    scope.follow(signal, ({ reason }) => errors.cancelledCall(label, `while running on ${this.peer}`, reasonOf(signal!), reason));
    scope.limit(timeout, () => errors.timedOut(label, `of running on ${this.peer}`, overall, 'maybe'));
    scope.whenEnded((error) => {
      const { streaming } = call;
      call.reject(error);
      if (error.code === 'FLAME_TIMEOUT') this.#cancel(call, 'timeout', `its timeout ran out after ${overall} ms`);
      else if (call.linked || streaming) this.#cancel(call, 'caller', reasonOf(signal!));
    });
    if (positions && this.reportsPositions) {
      this.#link.ask(call.id, positions);
      scope.onRelease(() => positions.over());
    }
    this.#calls.add(call);
    this.#handle.run(call, timeout === Infinity ? 0 : timeout);
    return call.promise;
  }

  /** Sends no more calls, gives running calls `grace` milliseconds, and ends the session. Idempotent. */
  async close(grace: number, reason: string): Promise<void> {
    if (this.#state === 'over') return;
    this.#state = 'leaving';
    if (this.#calls.size > 0 && grace > 0) {
      let cancel = (): void => {};
      const late = new Promise<void>((resolve) => (cancel = this.#clock.after(grace, resolve, true)));
      await Promise.race([late, Promise.allSettled(Array.from(this.#calls, (call) => call.promise))]);
      cancel();
    }
    await this.#leave(reason);
  }

  dispatch(fact: PoolFact): void {
    switch (fact.type) {
      case 'ended':
        return this.#over(fact.call as PendingCall);
      case 'bounced':
        (fact.call as PendingCall).reject(new Bounced(`${this.peer} is leaving`));
        return this.#over(fact.call as PendingCall);
      case 'abort': {
        const call = fact.call as PendingCall;
        const wanted = call.linked || call.streaming;
        call.reject(fact.error);
        if (wanted) this.#cancel(call, 'caller', fact.reason);
        return;
      }
      case 'abandoned':
        return this.#cancel(fact.call as PendingCall, 'caller', fact.reason);
      case 'suspended':
        this.#parted = true;
        if (this.#state === 'over') this.#drop();
        if (this.#state === 'ready') this.#state = 'suspended';
        return;
      case 'resumed':
        this.#parted = false;
        if (this.#state === 'suspended') this.#state = 'ready';
        return;
      case 'leaving':
        this.#state = 'leaving';
        return this.#leaveWhenIdle(fact.reason);
      case 'down':
        this.#parted = true;
        return void this.#leave(fact.how);
      default:
        return undefined;
    }
  }

  /** Only the link reports the end of an instance. No platform could add a report later, so there is no delay. */
  after(_delay: number, wake: () => void): () => void {
    return this.#clock.after(0, wake);
  }

  gone(): void {}

  warn(text: string): void {
    this.#warn(text);
  }

  log(): void {}

  stats(): void {}

  #cancel(call: PendingCall, cause: CancelCause, reason: string): void {
    if (this.#calls.has(call)) this.#handle.cancel(call, cause, reason);
  }

  #over(call: PendingCall): void {
    this.#calls.delete(call);
    if (this.#state === 'leaving') this.#leaveWhenIdle('it left');
  }

  #leaveWhenIdle(reason: string): void {
    if (this.#calls.size === 0) void this.#leave(reason);
  }

  async #leave(reason: string): Promise<void> {
    this.#lost(reason);
    await this.#handle.stop(0, reason);
  }

  #lost(how: string): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    for (const call of this.#calls) call.reject(errors.lostCall(call.label, this.peer, how));
    this.#calls.clear();
    this.#end(how);
  }
}

/** No pool counts these calls. */
const unobserved: AnswerObserver = { answered: () => {}, threw: () => {}, failed: () => {} };

const neverSaid = new Promise<MachineExit>(() => {});

/** @throws {FlameError} FLAME_DENIED if the instance does not report its region. */
function infoOf({ runner, region, app = '', manifest }: Hello, address: string): InstanceInfo {
  if (region === undefined) throw new FlameError('FLAME_DENIED', 'it did not name its region');
  return { id: runner, region, address, version: app || versionOf(manifest.digest), self: false };
}

/** Replaces an app's version if none was given. Instances with the same handlers get the same text. */
export function versionOf(digest: string): string {
  return `handlers ${digest.slice(0, 8)}`;
}
