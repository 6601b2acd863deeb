import type { Codec } from '../core/codec/codec.js';
import type { Clock } from '../core/clock.js';
import { FlameError } from '../core/flame-error.js';
import type { FlameErrorCode, Ran } from '../core/flame-error.js';
import type { FlameLog } from '../core/flame-log.js';
import type { Frame } from '../core/frame.js';
import { Heap } from '../core/pool/heap.js';
import type { ParentInfo } from '../core/parent-info.js';
import { Hoister } from '../streams/hoister.js';
import type { Sources } from '../streams/hoister.js';
import { kindOf } from '../streams/stream-kind.js';
import { Streams } from '../streams/streams.js';
import type { Link, LinkEnd, LinkReceiver } from '../wire/link.js';
import { FlameCall, runAs } from './flame-call.js';
import { mayStop } from './idle-check.js';
import * as verdict from './verdicts.js';
import type { HandlerTable } from './handler-table.js';
import type { Watchdog } from './watchdog.js';
import { Work } from './work.js';
import type { Workplace } from './work.js';

/** Time that aborted work gets before its runner goes without it. */
const abortGrace = 1_000;

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
  /** Kills this process when a handler blocks its event loop past its deadline; none where runners share the parent's process. */
  readonly watchdog?: Pick<Watchdog, 'busy' | 'deadline'>;
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
  readonly #hoister: Hoister;
  readonly #streams: Streams;
  #timerAt = Infinity;
  #cancelTimer: (() => void) | undefined;
  #leaving = '';
  #onIdle: (() => void) | undefined;

  constructor(setup: ExecutorSetup) {
    this.#setup = setup;
    this.pool = setup.info.pool;
    this.runnerId = setup.info.runner;
    const { codec, link, log } = setup;
    this.#hoister = new Hoister(codec);
    this.#streams = new Streams({
      send: (frame) => link.send(frame),
      codec,
      sends: 'result',
      peer: `the parent of pool ${this.pool}`,
      warn: (text) => log.warn(text),
      onSent: (id) => this.#ended(id),
      onLeft: () => {},
    });
  }

  /** Work that runs now. */
  get load(): number {
    return this.#works.size;
  }

  now(): number {
    return this.#setup.clock.now();
  }

  progress(work: Work, value: unknown): void {
    if (this.#works.get(work.id) !== work) return;
    const { codec, link, table } = this.#setup;
    try {
      link.send({ kind: 'progress', id: work.id, value: codec.encode(value) });
    } catch (error) {
      throw verdict.cannotCross(`the progress of ${table.name(work.handler)}`, 'progress', error);
    }
  }

  frame(frame: Frame): void {
    switch (frame.kind) {
      case 'call':
        return this.#call(frame);
      case 'cancel':
        return this.#works.get(frame.id)?.abort(verdict.cancelled(frame));
      case 'ask':
        return void this.#consent();
      case 'leave':
        return this.#setup.onLeave(frame.grace, frame.reason);
      case 'item':
      case 'end':
      case 'credit':
      case 'stop':
        // What comes after the end of its work was sent before the parent knew of it.
        if (this.#works.has(frame.id)) this.#streams.frame(frame);
        return;
      default:
        throw new Error(`a parent does not send "${frame.kind}"`);
    }
  }

  closed(end: LinkEnd): void {
    const gone = verdict.parentGone(end.reason);
    for (const work of this.#works.values()) {
      // Whoever streams works for nobody now, linked or not.
      if (this.#streams.sends(work.id)) work.abort(gone);
      else this.#streams.fail(work.id, gone);
    }
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
      args = codec.decode(frame.args, this.#streams.lowerFor(frame.id));
    } catch (error) {
      this.#streams.close(frame.id, error);
      return this.#refuse(
        frame.id,
        'FLAME_ENCODING',
        'no',
        `the arguments of ${table.name(frame.handler)} cannot be read: ${(error as Error).message}`,
      );
    }
    const at = frame.timeout === 0 ? Infinity : clock.now() + frame.timeout;
    const work = new Work(this, frame.id, frame.handler, frame.mode, frame.linked, frame.attempt, at);
    if (this.#works.size === 0) this.#setup.watchdog?.busy(true);
    this.#works.set(work.id, work);
    if (at < Infinity) this.#watch(work);
    if (this.#streams.has(work.id)) work.whenAborted(this.#abortStreams);
    if (frame.mode === 'cast') link.send({ kind: 'accept', id: work.id });
    runAs(new FlameCall(work), this.#run, work, args as unknown[]);
  }

  /** Runs as the call to its end: what the handler returns may work on, and is part of it. */
  readonly #run = (work: Work, args: unknown[]): void => {
    let result: unknown;
    try {
      result = this.#setup.table.invoke(work.handler, args);
    } catch (error) {
      return this.#threw(work, error);
    }
    if (isThenable(result)) {
      result.then(
        (value) => this.#returned(work, value),
        (error: unknown) => this.#threw(work, error),
      );
    } else this.#returned(work, result);
  };

  #returned(work: Work, result: unknown): void {
    const { link, log, table } = this.#setup;
    let value: Uint8Array;
    try {
      const cast = work.mode === 'cast';
      value = this.#hoister.encode(cast && kindOf(result) === undefined ? undefined : result);
      if (cast && this.#hoister.sources) throw verdict.castStreams(table.name(work.handler));
    } catch (error) {
      this.#hoister.dispose((text) => log.warn(text));
      this.#over(work);
      const { code, ran, message } =
        error instanceof FlameError ? error : verdict.cannotCross(`the result of ${table.name(work.handler)}`, 'result', error);
      return this.#refuse(work.id, code, ran, message);
    }
    if (this.#hoister.sources?.streams) return this.#stream(work, value, this.#hoister.sources);
    this.#over(work);
    link.send({ kind: 'return', id: work.id, value, held: false });
  }

  /** The work goes on until its streams have ended. */
  #stream(work: Work, value: Uint8Array, sources: Sources): void {
    const { link, table } = this.#setup;
    link.send({ kind: 'return', id: work.id, value, held: true });
    this.#streams.open(work.id, table.name(work.handler), sources);
    work.whenAborted(this.#abortStreams);
  }

  readonly #abortStreams = (work: Work, reason: unknown): void => this.#streams.abort(work.id, reason);

  /** Work that was answered before is over now. */
  #ended(id: number): void {
    this.#over(this.#works.get(id)!);
    this.#setup.link.send({ kind: 'ended', id, reason: '' });
  }

  #threw(work: Work, error: unknown): void {
    this.#over(work);
    this.#setup.link.send({ kind: 'throw', id: work.id, error: this.#setup.codec.encodeThrown(error), held: false });
  }

  #refuse(id: number, code: FlameErrorCode, ran: Ran, reason: string): void {
    this.#setup.link.send({ kind: 'refuse', id, code, ran, reason, held: false });
  }

  #over(work: Work): void {
    this.#works.delete(work.id);
    if (this.#streams.has(work.id)) this.#streams.close(work.id, verdict.pastEnd(this.#setup.table.name(work.handler)));
    this.#deadlines.remove(work);
    if (this.#works.size > 0) return;
    this.#setup.watchdog?.busy(false);
    this.#onIdle?.();
  }

  async #consent(): Promise<void> {
    const agreed = this.#works.size === 0 && (await mayStop(this.#setup, this.pool));
    this.#setup.link.send({ kind: 'consent', yes: agreed && this.#works.size === 0 });
  }

  #watch(work: Work): void {
    this.#deadlines.put(work);
    this.#arm();
  }

  /**
   * The one timer of all deadlines, which the watchdog has the time of: the parent says when time is up, too, and this is for when it cannot be
   * heard. A deadline that has gone meanwhile is not worth a system call: the timer just looks again.
   */
  #arm(): void {
    const first = this.#deadlines.top;
    if (!first || first.at >= this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = first.at;
    const { clock, watchdog, table } = this.#setup;
    watchdog?.deadline(first.at, table.name(first.handler));
    this.#cancelTimer = clock.after(Math.max(0, first.at - clock.now()), () => {
      this.#timerAt = Infinity;
      this.#cancelTimer = undefined;
      this.#timesUp();
      this.#arm();
      if (this.#timerAt === Infinity) watchdog?.deadline(Infinity, '');
    });
  }

  #timesUp(): void {
    const { clock, table } = this.#setup;
    for (let work = this.#deadlines.top; work && work.at <= clock.now(); work = this.#deadlines.top) {
      this.#deadlines.remove(work);
      work.abort(new FlameError('FLAME_TIMEOUT', `${table.name(work.handler)} ran out of time while running`, { ran: 'maybe' }));
    }
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
