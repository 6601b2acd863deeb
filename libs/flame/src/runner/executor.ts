import { UnencodableError } from '../core/codec/codec.js';
import type { Codec } from '../core/codec/codec.js';
import type { Clock } from '../core/clock.js';
import { FlameError } from '../core/flame-error.js';
import type { FlameErrorCode } from '../core/flame-error.js';
import type { FlameLog } from '../core/flame-log.js';
import type { Frame } from '../core/frame.js';
import { Heap } from '../core/pool/heap.js';
import type { ParentInfo } from '../core/parent-info.js';
import type { Link, LinkEnd, LinkReceiver } from '../wire/link.js';
import { FlameCall, runAs } from './flame-call.js';
import type { HandlerTable } from './handler-table.js';
import { Work } from './work.js';
import type { Workplace } from './work.js';

/** Time that aborted work gets before its runner goes without it. */
const abortGrace = 1_000;
/** Time that the app's idle check may take; below the pool's `askGrace`. */
const checkLimit = 5_000;

/** What an executor is made of. */
export interface ExecutorSetup {
  readonly link: Link;
  readonly table: HandlerTable;
  readonly codec: Codec;
  readonly info: ParentInfo;
  readonly clock: Clock;
  readonly log: FlameLog;
  /** The app's own condition for an idle runner to stop. */
  readonly idleCheck?: () => boolean | Promise<boolean>;
  /** The parent wants this runner to leave, within `grace` milliseconds. */
  readonly onLeave: (grace: number, reason: string) => void;
  /** The session is over. */
  readonly onEnd: (end: LinkEnd) => void;
  /** The earliest deadline of what runs, for a watchdog that a blocked event loop cannot block. */
  readonly onDeadline?: (at: number, handler: string) => void;
}

/**
 * Runs the parent's calls on this app's handlers and sends back what comes of them. It owns the work that runs here: each piece is
 * answered once, and ends before `drain` resolves or is given up.
 */
export class Executor implements LinkReceiver, Workplace {
  readonly pool: string;
  readonly runnerId: string;
  readonly #setup: ExecutorSetup;
  readonly #works = new Map<number, Work>();
  readonly #deadlines = new Heap<Work>((a, b) => a.at < b.at);
  #timerAt = Infinity;
  #cancelTimer: (() => void) | undefined;
  #leaving = '';
  #onIdle: (() => void) | undefined;

  constructor(setup: ExecutorSetup) {
    this.#setup = setup;
    this.pool = setup.info.pool;
    this.runnerId = setup.info.runner;
  }

  /** Work that runs now. */
  get load(): number {
    return this.#works.size;
  }

  now(): number {
    return this.#setup.clock.now();
  }

  progress(id: number, value: unknown): void {
    this.#setup.link.send({ kind: 'progress', id, value: this.#setup.codec.encode(value) });
  }

  frame(frame: Frame): void {
    switch (frame.kind) {
      case 'call':
        return this.#call(frame);
      case 'cancel':
        return this.#works.get(frame.id)?.abort(cancelled(frame));
      case 'ask':
        return void this.#consent();
      case 'leave':
        return this.#setup.onLeave(frame.grace, frame.reason);
      default:
        throw new Error(`a parent does not send "${frame.kind}"`);
    }
  }

  closed(end: LinkEnd): void {
    this.#setup.onEnd(end);
  }

  /**
   * Takes no new work (what still comes is sent back unstarted), gives what runs `grace` milliseconds, then aborts it. Resolves
   * when nothing runs any more, at the latest a second after the abort.
   */
  async drain(grace: number, reason: string): Promise<void> {
    if (!this.#leaving) {
      this.#leaving = reason;
      this.#setup.link.send({ kind: 'leaving', reason });
    }
    await this.#idleWithin(grace);
    this.abortAll(() => true, `the runner is leaving: ${reason}`);
    await this.#idleWithin(abortGrace);
    this.#cancelTimer?.();
  }

  /** Aborts the work that ends with its parent. */
  abortLinked(reason: string): void {
    this.abortAll((work) => work.linked, reason);
  }

  abortAll(which: (work: Work) => boolean, reason: string): void {
    for (const work of this.#works.values()) if (which(work)) work.abort(new FlameError('FLAME_CANCELLED', reason, { ran: 'maybe' }));
  }

  #call(frame: Frame & { kind: 'call' }): void {
    const { table, codec, link, clock } = this.#setup;
    if (this.#leaving) return this.#refuse(frame.id, 'FLAME_REFUSED', 'no', `the runner is leaving: ${this.#leaving}`);
    let args: unknown;
    try {
      args = codec.decode(frame.args);
    } catch (error) {
      return this.#refuse(frame.id, 'FLAME_ENCODING', 'no', `the arguments of ${table.name(frame.handler)} cannot be read: ${(error as Error).message}`);
    }
    const at = frame.timeout === 0 ? Infinity : clock.now() + frame.timeout;
    const work = new Work(this, frame.id, frame.handler, frame.mode, frame.linked, frame.attempt, at);
    this.#works.set(work.id, work);
    if (at < Infinity) this.#watch(work);
    if (frame.mode === 'cast') link.send({ kind: 'accept', id: work.id });
    this.#run(work, args as unknown[]);
  }

  #run(work: Work, args: unknown[]): void {
    let result: unknown;
    try {
      result = runAs(new FlameCall(work), () => this.#setup.table.invoke(work.handler, args));
    } catch (error) {
      return this.#threw(work, error);
    }
    if (isThenable(result)) {
      result.then(
        (value) => this.#returned(work, value),
        (error: unknown) => this.#threw(work, error),
      );
    } else this.#returned(work, result);
  }

  #returned(work: Work, result: unknown): void {
    const { codec, link, table } = this.#setup;
    let value: Uint8Array;
    try {
      value = codec.encode(work.mode === 'cast' ? undefined : result);
    } catch (error) {
      this.#over(work);
      const path = error instanceof UnencodableError ? error.under('result') : (error as Error).message;
      return this.#refuse(work.id, 'FLAME_ENCODING', 'yes', `the result of ${table.name(work.handler)} cannot cross to the parent: ${path}`);
    }
    this.#over(work);
    link.send({ kind: 'return', id: work.id, value, held: false });
  }

  #threw(work: Work, error: unknown): void {
    this.#over(work);
    this.#setup.link.send({ kind: 'throw', id: work.id, error: this.#setup.codec.encodeThrown(error), held: false });
  }

  #refuse(id: number, code: FlameErrorCode, ran: 'no' | 'yes', reason: string): void {
    this.#setup.link.send({ kind: 'refuse', id, code, ran, reason, held: false });
  }

  #over(work: Work): void {
    this.#works.delete(work.id);
    if (work.heapIndex >= 0) {
      const first = this.#deadlines.top === work;
      this.#deadlines.remove(work);
      if (first) this.#published();
    }
    if (this.#works.size === 0) this.#onIdle?.();
  }

  async #consent(): Promise<void> {
    const agreed = this.#works.size === 0 && (await this.#checkIdle());
    this.#setup.link.send({ kind: 'consent', yes: agreed && this.#works.size === 0 });
  }

  /** Asks the app's own `check`; one that throws or does not answer in time has not said true. */
  async #checkIdle(): Promise<boolean> {
    const { idleCheck, clock, log } = this.#setup;
    if (!idleCheck) return true;
    let cancel: (() => void) | undefined;
    try {
      const late = new Promise<never>((_, reject) => {
        cancel = clock.after(checkLimit, () => reject(new Error(`no answer within ${checkLimit} ms`)));
      });
      return (await Promise.race([idleCheck(), late])) === true;
    } catch (error) {
      log.warn(`idleShutdownAfter.check of pool "${this.pool}" failed, so this runner stays: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    } finally {
      cancel?.();
    }
  }

  #watch(work: Work): void {
    this.#deadlines.put(work);
    if (this.#deadlines.top === work) this.#published();
    this.#arm();
  }

  #published(): void {
    const { onDeadline, table } = this.#setup;
    if (!onDeadline) return;
    const first = this.#deadlines.top;
    if (first) onDeadline(first.at, table.name(first.handler));
    else onDeadline(Infinity, '');
  }

  /** The one timer of all deadlines: the parent says when time is up, too; this is for when it cannot be heard. */
  #arm(): void {
    const at = this.#deadlines.top?.at ?? Infinity;
    if (at >= this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = at;
    const { clock } = this.#setup;
    this.#cancelTimer = clock.after(Math.max(0, at - clock.now()), () => {
      this.#timerAt = Infinity;
      this.#cancelTimer = undefined;
      for (let work = this.#deadlines.top; work && work.at <= clock.now(); work = this.#deadlines.top) {
        this.#deadlines.remove(work);
        work.abort(new FlameError('FLAME_TIMEOUT', `${this.#setup.table.name(work.handler)} ran out of time while running`, { ran: 'maybe' }));
      }
      this.#published();
      this.#arm();
    });
  }

  #idleWithin(grace: number): Promise<void> {
    if (this.#works.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#setup.clock.after(grace, resolve, true);
      this.#onIdle = (): void => {
        cancel();
        resolve();
      };
    });
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function cancelled(frame: Frame & { kind: 'cancel' }): FlameError {
  return new FlameError(frame.cause === 'timeout' ? 'FLAME_TIMEOUT' : 'FLAME_CANCELLED', frame.reason, { ran: 'maybe' });
}
