import { FlameError } from '../../core/errors/flame-error.js';
import type { FlameTrackable } from '../../core/flame-trackable.js';
import type { Frame } from '../../core/session/frame.js';
import { ValueEncoder } from '../../streams/value-encoder.js';
import type { Sources } from '../../streams/value-encoder.js';
import { kindOf } from '../../streams/stream-kind.js';
import { Streams } from '../../streams/streams.js';
import type { LinkEnd, LinkReceiver } from '../../transport/session/link.js';
import { admit } from './admission.js';
import type { ChildWork } from './child-work.js';
import { enterContext } from './enter-context.js';
import type { ExecutorSetup } from './executor-setup.js';
import { FlameCall, runAs } from './flame-call.js';
import { TrackedResources } from './tracked-resources.js';
import { mayStop } from '../host/idle-check.js';
import * as verdict from './runner-errors.js';
import type { ActiveCall, CallHost } from './active-call.js';
import { CallDeadlines } from './call-deadlines.js';
import { ActiveCalls } from './active-calls.js';

/** Time that aborted work gets before its runner goes without it: a second for a child's methods, and one for its hook. */
const abortGrace = 2_000;

/**
 * Runs the parent's calls on this app's handlers and sends back what comes of them. It owns the work that runs here: each piece is
 * answered once, and ends before `drain` resolves or is given up.
 */
export class Executor implements LinkReceiver, CallHost {
  readonly pool: string;
  readonly runnerId: string;
  readonly #setup: ExecutorSetup;
  readonly #works: ActiveCalls;
  readonly #deadlines: CallDeadlines;
  readonly #hoister: ValueEncoder;
  readonly #streams: Streams;
  readonly #handedOut: TrackedResources;
  #leaving = '';

  constructor(setup: ExecutorSetup) {
    this.#setup = setup;
    this.pool = setup.info.pool;
    this.runnerId = setup.info.runner;
    const { codec, link, log, clock, watchdog } = setup;
    const warn = (text: string): void => log.warn(text);
    this.#works = new ActiveCalls(clock, watchdog);
    this.#deadlines = new CallDeadlines({
      clock,
      watchdog,
      onDue: (work) =>
        work.abort(new FlameError('FLAME_TIMEOUT', `${work.name} timed out while running. It was aborted.`, { ran: 'maybe' })),
    });
    this.#hoister = new ValueEncoder(codec);
    this.#streams = new Streams({
      send: (frame) => link.send(frame),
      codec,
      sends: 'result',
      peer: setup.peer ?? `the parent of pool ${this.pool}`,
      warn,
      onSent: (id) => this.#sent(id),
      onReceived: () => {},
    });
    this.#handedOut = new TrackedResources({
      onReleased: (id, resource) => link.send({ type: 'release', id, resource }),
      onAllReleased: (id) => {
        if (!this.#streams.sends(id)) this.#ended(id);
      },
      warn,
    });
  }

  get works(): Pick<ActiveCalls, 'takeMost'> {
    return this.#works;
  }

  now(): number {
    return this.#setup.clock.now();
  }

  name(handler: number): string {
    return this.#setup.table.name(handler);
  }

  progress(work: ActiveCall, value: unknown): void {
    if (this.#works.get(work.id) !== work) return;
    const { codec, link } = this.#setup;
    try {
      link.send({ type: 'progress', id: work.id, value: codec.encode(value) });
    } catch (error) {
      throw verdict.cannotCross(`the progress of ${work.name}`, 'progress', error);
    }
  }

  frame(frame: Frame): void {
    switch (frame.type) {
      case 'call':
        return this.#call(frame);
      case 'cancel':
        return this.#works.get(frame.id)?.abort(verdict.cancelled(frame));
      case 'release':
        return this.#handedOut.release(frame.id, frame.resource);
      case 'ask':
        return void this.#consent();
      case 'probe':
        this.#setup.onProbe?.();
        return this.#setup.link.send({ type: 'probed', id: frame.id, time: Date.now() });
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
        throw new Error(`a parent does not send "${frame.type}"`);
    }
  }

  closed(end: LinkEnd): void {
    const gone = verdict.parentGone(end.reason);
    for (const work of this.#works.all()) {
      // Whoever streams works for nobody now, linked or not, and nobody holds what was handed out.
      if (this.#streams.sends(work.id) || this.#handedOut.has(work.id)) work.abort(gone);
      else this.#streams.fail(work.id, gone);
    }
    this.#setup.onEnd(end);
  }

  /**
   * Takes no new work (what still comes is sent back unstarted), gives what runs `grace` milliseconds, then aborts it. Resolves
   * when nothing runs any more, at the latest two seconds after the abort; what was aborted before is not waited for longer.
   */
  async drain(grace: number, reason: string): Promise<void> {
    if (!this.#leaving) {
      this.#leaving = reason;
      this.#setup.link.send({ type: 'leaving', reason });
    }
    await this.#works.doneWithin(grace);
    this.#works.abort(() => true, `the runner is leaving: ${reason}`);
    await this.#works.idleWithin(abortGrace);
    this.#deadlines.close();
  }

  /** Aborts the work that ends with its parent. */
  abortLinked(reason: string): void {
    this.#works.abort((work) => work.linked, reason);
  }

  #call(frame: Frame & { type: 'call' }): void {
    if (this.#works.has(frame.id)) throw new Error(`call ${frame.id} runs here already`);
    const { codec, link, clock, table } = this.#setup;
    const at = frame.timeout === 0 ? Infinity : clock.now() + frame.timeout;
    const work = admit(frame, at, this, this.#works, table, this.#leaving);
    if (work instanceof FlameError) return this.#refuse(frame.id, work);
    let args: unknown;
    try {
      args = codec.decode(frame.args, this.#streams.lowerFor(frame.id, work.name));
    } catch (error) {
      this.#streams.close(frame.id, error);
      work.over();
      return this.#refuse(frame.id, verdict.cannotRead(`the arguments of ${work.name}`, 'args', error));
    }
    this.#works.add(work);
    if (at < Infinity) this.#deadlines.put(work);
    if (this.#streams.has(work.id)) work.whenAborted(this.#abortHeld);
    if (frame.mode === 'cast') link.send({ type: 'accept', id: work.id });
    if (frame.context === undefined) return runAs(new FlameCall(work), this.#run, work, args as unknown[]);
    try {
      enterContext(this.#setup, frame.context, () => runAs(new FlameCall(work), this.#run, work, args as unknown[]));
    } catch (error) {
      this.#threw(work, error);
    }
  }

  /** Runs as the call to its end: what the handler returns may work on, and is part of it. */
  readonly #run = (work: ActiveCall, args: unknown[]): void => {
    const { table, tracer } = this.#setup;
    let result: unknown;
    try {
      result = tracer ? tracer.run(work, () => work.run(table, args)) : work.run(table, args);
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

  #returned(work: ActiveCall, result: unknown): void {
    if (work.mode === 'child') return this.#placed(work as ChildWork);
    const { link, log, table, info } = this.#setup;
    let value: Uint8Array;
    try {
      const cast = work.mode === 'cast';
      const tracking = table.tracks(work.handler) ?? info.trackResources;
      value = this.#hoister.encode(cast && kindOf(result) === undefined ? undefined : result, tracking);
      if (cast && this.#hoister.sources) throw verdict.castStreams(work.name);
    } catch (error) {
      this.#hoister.dispose((text) => log.warn(text));
      this.#over(work);
      return this.#refuse(
        work.id,
        error instanceof FlameError ? error : verdict.cannotCross(`the result of ${work.name}`, 'result', error),
      );
    }
    const { sources, resources } = this.#hoister;
    if (resources || sources?.streams) return this.#hold(work, value, sources, resources);
    this.#over(work);
    link.send({ type: 'return', id: work.id, value, held: false });
  }

  /** The work goes on until its streams have ended and its resources are released. */
  #hold(work: ActiveCall, value: Uint8Array, sources: Sources | undefined, resources: readonly FlameTrackable[] | undefined): void {
    this.#setup.link.send({ type: 'return', id: work.id, value, held: true });
    if (resources) this.#handedOut.open(work.id, work.name, resources);
    if (sources) this.#streams.open(work.id, work.name, sources);
    if (!sources?.streams) this.#unclock(work);
    work.whenAborted(this.#abortHeld);
  }

  readonly #abortHeld = (work: ActiveCall, reason: unknown): void => {
    this.#streams.abort(work.id, reason);
    this.#handedOut.releaseAll(work.id);
  };

  /** The last stream of a result has ended. */
  #sent(id: number): void {
    if (this.#handedOut.has(id)) this.#unclock(this.#works.get(id)!);
    else this.#ended(id);
  }

  /** What is left is held: no clock runs. */
  #unclock(work: ActiveCall): void {
    this.#deadlines.remove(work);
    work.unlimited();
  }

  /** Work that was answered before is over now. */
  #ended(id: number): void {
    this.#over(this.#works.get(id)!);
    this.#setup.link.send({ type: 'ended', id, reason: '' });
  }

  #placed(child: ChildWork): void {
    this.#unclock(child);
    this.#setup.link.send({ type: 'return', id: child.id, value: this.#setup.codec.encode(undefined), held: true });
    child.whenAborted((_, reason) => void this.#endChild(child, reason as FlameError));
  }

  async #endChild(child: ChildWork, reason: FlameError): Promise<void> {
    const { link, clock, log } = this.#setup;
    this.#streams.abort(child.id, reason);
    const inTime = await child.finish(reason, clock, (text) => log.warn(text));
    if (!inTime) link.send({ type: 'tainted', reason: `a child of ${child.type.label} did not end in time` });
    this.#over(child);
    link.send({ type: 'ended', id: child.id, reason: reason.message, byItself: child.byItself });
  }

  #threw(work: ActiveCall, error: unknown): void {
    this.#over(work);
    // What its abort made it throw says less than why it was aborted, and what it throws when its time is up comes too late.
    if (work.reason?.code === 'FLAME_TIMEOUT' || (work.reason && isAbortBy(work.reason, error))) return this.#refuse(work.id, work.reason);
    this.#setup.link.send({ type: 'throw', id: work.id, error: this.#setup.codec.encodeThrown(error), held: false });
  }

  #refuse(id: number, { code, ran, message }: FlameError): void {
    this.#setup.link.send({ type: 'refuse', id, code, ran, reason: message, held: false });
  }

  #over(work: ActiveCall): void {
    if (this.#streams.has(work.id)) this.#streams.close(work.id, verdict.pastEnd(work.name));
    this.#deadlines.remove(work);
    work.over();
    this.#works.remove(work);
  }

  async #consent(): Promise<void> {
    // Whoever debugs a runner wants it to be there for the next call.
    const agreed = this.#works.size === 0 && !this.#setup.clock.debugged?.() && (await mayStop(this.#setup, this.pool));
    this.#setup.link.send({ type: 'consent', yes: agreed && this.#works.size === 0 });
  }
}

/** Node's own functions give up with an AbortError around the signal's reason. */
function isAbortBy(reason: unknown, error: unknown): boolean {
  return error === reason || (error instanceof Error && error.name === 'AbortError' && error.cause === reason);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
