import { FlameError } from '../../core/errors/flame-error.js';
import { isThenable } from '../../core/is-thenable.js';
import { itemArgs } from '../../core/map/item-args.js';
import type { Frame } from '../../core/session/frame.js';
import { disposeSources, ValueEncoder } from '../../streams/value-encoder.js';
import type { EncodedValue } from '../../streams/value-encoder.js';
import { kindOf } from '../../streams/stream-kind.js';
import { Streams } from '../../streams/streams.js';
import type { LinkEnd, LinkReceiver } from '../../transport/session/link.js';
import type { ActiveChild } from './active-child.js';
import { enterContext } from './enter-context.js';
import type { ExecutorSetup } from './executor-setup.js';
import { FlameCall, runAs } from './flame-call.js';
import { TrackedResources } from './tracked-resources.js';
import { mayStop } from '../host/idle-check.js';
import * as errors from './runner-errors.js';
import type { ActiveCall, CallHost } from './active-call.js';
import { ActiveCalls } from './active-calls.js';

/** How long a runner that leaves waits for aborted calls, in milliseconds: a second for a child's methods, and a second for its hook. */
const abortGrace = 2_000;

/**
 * Runs the parent's calls on this app's handlers and sends their results back. It owns the calls that run here. Each call is answered once.
 * When `drain` resolves, each call has ended or been given up.
 */
export class Executor implements LinkReceiver, CallHost {
  readonly pool: string;
  readonly runnerId: string;
  readonly #setup: ExecutorSetup;
  readonly #calls: ActiveCalls;
  readonly #encoder: ValueEncoder;
  readonly #streams: Streams;
  readonly #resources: TrackedResources;
  #leaving = '';

  constructor(setup: ExecutorSetup) {
    this.#setup = setup;
    this.pool = setup.info.pool;
    this.runnerId = setup.info.runner;
    const { codec, link, log } = setup;
    const warn = (text: string): void => log.warn(text);
    this.#calls = new ActiveCalls(setup, this);
    this.#encoder = new ValueEncoder(codec, warn);
    this.#streams = new Streams({
      send: (frame) => link.send(frame),
      codec,
      sends: 'result',
      peer: setup.peer ?? `the parent of pool ${this.pool}`,
      warn,
      onSent: (id) => this.#sent(id),
      onReceived: () => {},
    });
    this.#resources = new TrackedResources({
      onReleased: (id, resource) => link.send({ type: 'release', id, resource }),
      onAllReleased: (id) => {
        if (!this.#streams.sends(id)) this.#ended(id);
      },
      warn,
    });
  }

  get calls(): Pick<ActiveCalls, 'takeMost'> {
    return this.#calls;
  }

  now(): number {
    return this.#setup.clock.now();
  }

  name(handler: number): string {
    return this.#setup.table.name(handler);
  }

  progress(call: ActiveCall, value: unknown): void {
    if (this.#calls.get(call.id) !== call) return;
    const { codec, link } = this.#setup;
    try {
      link.send({ type: 'progress', id: call.id, value: codec.encode(value) });
    } catch (error) {
      throw errors.cannotCross(`the progress of ${call.name}`, 'progress', error);
    }
  }

  frame(frame: Frame): void {
    switch (frame.type) {
      case 'call':
        return this.#call(frame);
      case 'cancel':
        return this.#calls.get(frame.id)?.abort(errors.cancelled(frame));
      case 'release':
        return this.#resources.release(frame.id, frame.resource);
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
        // Ignore a frame of a call that is over: the parent sent it before it knew of the end.
        if (this.#calls.has(frame.id)) this.#streams.frame(frame);
        return;
      default:
        throw new Error(`a parent does not send "${frame.type}"`);
    }
  }

  closed(end: LinkEnd): void {
    const gone = errors.parentGone(end.reason);
    for (const call of this.#calls.all()) {
      // Streams and resources of a result have no consumer any more, so their call ends, linked or not.
      if (this.#streams.sends(call.id) || this.#resources.has(call.id)) call.abort(gone);
      else this.#streams.fail(call.id, gone);
    }
    this.#setup.onEnd(end);
  }

  /**
   * Refuses new calls, gives running calls `grace` milliseconds, then aborts them. Resolves when no call runs any more, at the latest two
   * seconds after the abort. Calls that had already been aborted get only these two seconds.
   */
  async drain(grace: number, reason: string): Promise<void> {
    if (!this.#leaving) {
      this.#leaving = reason;
      this.#setup.link.send({ type: 'leaving', reason });
    }
    await this.#calls.doneWithin(grace);
    this.#calls.abort(() => true, `the runner is leaving: ${reason}`);
    await this.#calls.idleWithin(abortGrace);
    this.#calls.close();
  }

  /** Aborts the linked calls, which end together with their parent. */
  abortLinked(reason: string): void {
    this.#calls.abort((call) => call.linked, reason);
  }

  #call(frame: Frame & { type: 'call' }): void {
    if (this.#calls.has(frame.id)) throw new Error(`call ${frame.id} already runs here`);
    const { codec, link } = this.#setup;
    const call = this.#calls.admit(frame, this.#leaving);
    if (call instanceof FlameError) return this.#refuse(frame.id, call);
    let args: unknown[];
    try {
      const decoded = codec.decode(frame.args, this.#streams.materializeFor(frame.id, call.name));
      args = Array.isArray(decoded) ? decoded : itemArgs(decoded, codec);
    } catch (error) {
      this.#streams.close(frame.id, error);
      call.over();
      return this.#refuse(frame.id, errors.cannotRead(`the arguments of ${call.name}`, 'args', error));
    }
    this.#calls.add(call);
    if (this.#streams.has(call.id)) call.whenAborted(this.#abortHeld);
    if (frame.mode === 'cast') link.send({ type: 'accept', id: call.id });
    if (frame.context === undefined) return runAs(new FlameCall(call), this.#run, call, args);
    try {
      enterContext(this.#setup, frame.context, () => runAs(new FlameCall(call), this.#run, call, args));
    } catch (error) {
      this.#threw(call, error);
    }
  }

  /**
   * Calls the handler and answers the call. The promise callbacks below run in the context of the call, too: all code in them gets the same
   * `FlameCall`.
   */
  readonly #run = (call: ActiveCall, args: unknown[]): void => {
    const { table, tracer } = this.#setup;
    let result: unknown;
    try {
      result = tracer ? tracer.run(call, () => call.run(table, args)) : call.run(table, args);
    } catch (error) {
      return this.#threw(call, error);
    }
    if (isThenable(result)) {
      result.then(
        (value) => this.#returned(call, value),
        (error: unknown) => this.#threw(call, error),
      );
    } else this.#returned(call, result);
  };

  #returned(call: ActiveCall, returned: unknown): void {
    if (call.mode === 'child') return this.#placed(call as ActiveChild);
    const { link, table, info } = this.#setup;
    const cast = call.mode === 'cast';
    let result: EncodedValue;
    try {
      const tracking = call.tracks ?? table.tracks(call.handler) ?? info.trackResources;
      result = this.#encoder.encode(cast && kindOf(returned) === undefined ? undefined : returned, tracking);
    } catch (error) {
      this.#over(call);
      return this.#refuse(call.id, error instanceof FlameError ? error : errors.cannotCross(`the result of ${call.name}`, 'result', error));
    }
    if (cast && result.sources) {
      disposeSources(result.sources.list, (text) => this.#setup.log.warn(text));
      this.#over(call);
      return this.#refuse(call.id, errors.castStreams(call.name));
    }
    if (result.resources || result.sources?.streams) return this.#hold(call, result);
    this.#over(call);
    link.send({ type: 'return', id: call.id, value: result.bytes, held: false });
  }

  /** The call goes on until its streams have ended and its resources are released. */
  #hold(call: ActiveCall, { bytes, sources, resources }: EncodedValue): void {
    this.#setup.link.send({ type: 'return', id: call.id, value: bytes, held: true });
    if (resources) this.#resources.open(call.id, call.name, resources);
    if (sources) this.#streams.open(call.id, call.name, sources);
    if (!sources?.streams) this.#calls.unlimit(call);
    call.whenAborted(this.#abortHeld);
  }

  readonly #abortHeld = (call: ActiveCall, reason: unknown): void => {
    this.#streams.abort(call.id, reason);
    this.#resources.releaseAll(call.id);
  };

  /** Called when the last stream of a result has ended. */
  #sent(id: number): void {
    if (this.#resources.has(id)) this.#calls.unlimit(this.#calls.get(id)!);
    else this.#ended(id);
  }

  /** Ends a call that has already been answered. */
  #ended(id: number): void {
    this.#over(this.#calls.get(id)!);
    this.#setup.link.send({ type: 'ended', id, reason: '' });
  }

  #placed(child: ActiveChild): void {
    this.#calls.unlimit(child);
    this.#setup.link.send({ type: 'return', id: child.id, value: this.#setup.codec.encode(undefined), held: true });
    child.whenAborted((_, reason) => void this.#endChild(child, reason as FlameError));
  }

  async #endChild(child: ActiveChild, reason: FlameError): Promise<void> {
    const { link, clock, log } = this.#setup;
    this.#streams.abort(child.id, reason);
    const inTime = await child.finish(reason, clock, (text) => log.warn(text));
    if (!inTime) link.send({ type: 'tainted', reason: `a child of ${child.type.label} did not end in time` });
    this.#over(child);
    link.send({ type: 'ended', id: child.id, reason: reason.message, byItself: child.byItself });
  }

  #threw(call: ActiveCall, error: unknown): void {
    this.#over(call);
    // The reason of the abort says more than the error that the abort caused. After a timeout, every error comes too late.
    if (call.reason?.code === 'FLAME_TIMEOUT' || (call.reason && isAbortBy(call.reason, error))) return this.#refuse(call.id, call.reason);
    this.#setup.link.send({ type: 'throw', id: call.id, error: this.#setup.codec.encodeThrown(error), held: false });
  }

  #refuse(id: number, { code, ran, message }: FlameError): void {
    this.#setup.link.send({ type: 'refuse', id, code, ran, reason: message, held: false });
  }

  #over(call: ActiveCall): void {
    if (this.#streams.has(call.id)) this.#streams.close(call.id, errors.pastEnd(call.name));
    this.#calls.remove(call);
  }

  async #consent(): Promise<void> {
    // A runner that is being debugged stays for the next call.
    const agreed = this.#calls.size === 0 && !this.#setup.clock.debugged?.() && (await mayStop(this.#setup, this.pool));
    this.#setup.link.send({ type: 'consent', yes: agreed && this.#calls.size === 0 });
  }
}

/** Whether an error is the result of an abort. Node's own functions reject with an AbortError whose cause is the signal's reason. */
function isAbortBy(reason: unknown, error: unknown): boolean {
  return error === reason || (error instanceof Error && error.name === 'AbortError' && error.cause === reason);
}
