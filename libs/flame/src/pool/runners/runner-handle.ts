import { IdMap } from '../../core/session/id-map.js';
import type { Machine, MachineExit } from '../../backends/backend.js';
import { MalformedError } from '../../core/codec/codec.js';
import { FlameError, flameErrorCodes, type FlameErrorCode, type Ran } from '../../core/errors/flame-error.js';
import type { CancelCause, Frame } from '../../core/session/frame.js';
import { Streams } from '../../streams/streams.js';
import { windowItems } from '../../streams/window.js';
import type { Link, LinkEnd, LinkReceiver } from '../../transport/session/link.js';
import type { BootedRunner } from './boot.js';
import { ChildCall, type ChildHome } from '../children/child-call.js';
import { TrackedResources } from '../calls/tracked-resources.js';
import type { HandleOwner } from './handle-owner.js';
import type { PendingCall } from '../calls/pending-call.js';
import { readValue } from '../calls/read-value.js';
import { StatsOfProcesses } from '../observe/stats-of-processes.js';

/** How long the handle waits for the platform's reason after a lost connection, in milliseconds. */
const reasonGrace = 500;

/**
 * An attached runner, at the parent: its machine, its link and its calls. It turns frames into answers for callers and facts for the pool.
 * It reports `down` and `gone` once each.
 */
export class RunnerHandle implements LinkReceiver, ChildHome {
  readonly #calls = new IdMap<PendingCall>();
  readonly #link: Link;
  readonly #streams: Streams;
  readonly #resources: TrackedResources;
  readonly machine: Machine;
  /** The stats of the runner's processes. */
  readonly processStats = new StatsOfProcesses((found) => this.owner.saturated?.(found));
  /** Why the connection is cut or closed; undefined while it works. */
  #parted: string | undefined;
  #down = false;
  #stopping: Promise<void> | undefined;

  constructor(
    readonly id: string,
    readonly owner: HandleOwner,
    booted: BootedRunner,
  ) {
    this.machine = booted.machine;
    this.#link = booted.attachment.link;
    this.#streams = new Streams({
      send: (frame) => this.#link.send(frame),
      codec: owner.codec,
      sends: 'arguments',
      peer: owner.peer,
      warn: (text) => owner.warn(text),
      onSent: () => {},
      onReceived: (id, left) => this.#received(id, left),
      resource: (id, resource, value) => this.#resources.take(id, resource, value),
    });
    this.#resources = new TrackedResources((id, resource) => this.#link.send({ type: 'release', id, resource }));
    void this.machine.exited.then((exit) => this.#exited(exit));
  }

  /** Starts to receive frames. This is separate from the constructor, because frames may have arrived already. */
  open(): void {
    this.#link.open(this);
  }

  run(call: PendingCall, handlerTimeout: number): void {
    this.#calls.set(call.id, call);
    const { id, handler, args, mode, linked, attempt, context, trace, child, method, tracks, sources, reads } = call.setup;
    this.#link.send({ type: 'call', id, handler, args, mode, handlerTimeout, linked, attempt, context, trace, child, method, tracks });
    if (sources) {
      this.#streams.open(call.id, call.label, sources);
      call.onFail = (error) => this.#streams.fail(call.id, error);
    }
    if (reads) this.#link.send({ type: 'credit', id: call.id, stream: 0, count: windowItems });
  }

  cancel(call: PendingCall, cause: CancelCause, reason: string): void {
    if (call instanceof ChildCall) call.cancelSent(cause);
    this.#link.send({ type: 'cancel', id: call.id, cause, reason });
  }

  taint(reason: string, ignoredAbort = true): void {
    this.owner.dispatch({ type: 'leaving', runner: this.id, reason, ignoredAbort });
  }

  ask(): void {
    this.#link.send({ type: 'ask' });
  }

  /** Asks the runner to end, and kills it after `grace`. Then reports `gone`. Idempotent. */
  stop(grace: number, reason: string): Promise<void> {
    this.#down = true;
    this.#stopping ??= (async () => {
      this.#link.send({ type: 'leave', grace, reason });
      await this.machine.stop(grace).catch((error: Error) => this.owner.warn(`runner ${this.id} may still be running: ${error.message}`));
      this.#link.drop(reason);
      this.#dispose(reason);
      this.#streams.closeAll(new FlameError('FLAME_LOST', `runner ${this.id} is gone: ${reason}`, { ran: 'maybe' }));
      this.owner.gone();
    })();
    return this.#stopping;
  }

  frame(frame: Frame): void {
    switch (frame.type) {
      case 'return':
        return this.#returned(frame);
      case 'throw':
        return this.#threw(frame);
      case 'refuse':
        return this.#refused(frame);
      case 'accept':
        return this.#call(frame.id).resolve(undefined);
      case 'ended':
        return this.#endedBy(frame);
      case 'release':
        return this.#resources.released(frame.id, frame.resource);
      case 'progress':
        return this.#progress(frame);
      case 'item':
      case 'end':
      case 'credit':
      case 'stop':
        // The runner may have sent this frame before it learned of the call's end.
        if (this.#calls.has(frame.id)) this.#streams.frame(frame);
        return;
      case 'consent':
        return this.owner.dispatch({ type: 'consent', runner: this.id, yes: frame.yes });
      case 'leaving':
      case 'tainted':
        return this.taint(frame.reason, frame.type === 'tainted');
      case 'log':
        return this.owner.log(frame.level, frame.text, frame.id, frame.time);
      case 'stats':
        return this.processStats.take(frame.text);
      default:
        throw new MalformedError(`a runner does not send "${frame.type}"`);
    }
  }

  suspended(): void {
    this.#parted = 'its connection was cut';
    this.owner.dispatch({ type: 'suspended', runner: this.id });
  }

  resumed(): void {
    this.#parted = undefined;
    this.owner.dispatch({ type: 'resumed', runner: this.id });
  }

  closed(end: LinkEnd): void {
    this.#parted = end.reason;
    // A moment later, the platform usually gives a better reason: an exit code, a signal, a lack of memory.
    const cancel = this.owner.after(reasonGrace, () => this.#lost(`disconnected: ${end.reason}`));
    void this.machine.exited.then(cancel);
  }

  /** A runner that lost its connection exits with 0, and so does one whose handler calls `process.exit(0)`, which cuts the connection. */
  #exited(exit: MachineExit): void {
    const orderly = exit.how === 'exit' && exit.code === 0;
    this.#lost(orderly && this.#parted !== undefined ? `disconnected: ${this.#parted}; ${exit.text}` : exit.text);
  }

  #lost(how: string): void {
    if (this.#down) return;
    this.#down = true;
    this.#dispose(how);
    this.owner.dispatch({ type: 'down', runner: this.id, how });
  }

  /** Children and resources are gone with their runner. */
  #dispose(how: string): void {
    for (const call of this.#calls.values()) if (call instanceof ChildCall) call.lost(how);
    this.#resources.closeAll();
  }

  #call(id: number): PendingCall {
    const call = this.#calls.get(id);
    if (!call) throw new MalformedError(`a runner answered call ${id}, which does not run there`);
    return call;
  }

  #returned(frame: Frame & { type: 'return' }): void {
    const call = this.#call(frame.id);
    const read = readValue(`the result of ${call.label}`, 'result', () => this.#decode(frame.value, call));
    if ('refusal' in read) return this.#refused({ ...read.refusal, id: frame.id, held: frame.held });
    this.owner.observer.answered('returned', frame.value.byteLength, call);
    call.streaming = frame.held && this.#streams.receives(call.id);
    if (call.streaming) call.onFail = (error) => this.#streams.fail(call.id, error);
    call.resolve(read.value);
    this.#settled(call, frame.held);
  }

  #threw(frame: Frame & { type: 'throw' }): void {
    const call = this.#call(frame.id);
    const read = readValue(`the error of ${call.label}`, 'error', () => this.owner.codec.decodeThrown(frame.error, this.owner.peer));
    if ('refusal' in read) return this.#refused({ ...read.refusal, id: frame.id, held: frame.held });
    this.owner.observer.answered('threw', frame.error.byteLength, call);
    this.owner.observer.threw(call, read.value);
    call.reject(read.value, 'handler');
    this.#settled(call, frame.held);
  }

  #settled(call: PendingCall, held: boolean): void {
    if (!held) return this.#ended(call);
    const { failure, streaming } = call;
    if (call instanceof ChildCall) call.placed(this);
    else if (!streaming) this.#delivered(call);
    this.owner.dispatch({ type: 'held', call, streaming });
    // The caller is gone, so the streams and resources have no user.
    if (!failure) return;
    if (streaming) call.reject(failure.error);
    this.#abandon(call, 'its caller had left');
  }

  /** The last stream of a result is over. Its resources may remain. */
  #received(id: number, left: boolean): void {
    const call = this.#calls.get(id);
    if (!call) return;
    if (this.#resources.has(id)) {
      this.#delivered(call);
      this.owner.dispatch({ type: 'held', call });
    } else if (left) {
      call.over();
      this.#abandon(call, 'its stream is no longer read');
    }
  }

  /** Only the caller's resources are left of this call. */
  #delivered(call: PendingCall): void {
    call.over();
    call.forget();
  }

  #abandon(call: PendingCall, reason: string): void {
    this.owner.dispatch({ type: 'abandoned', call, reason });
    // Methods of children are not in the pool machine.
    if (call.setup.child !== undefined) this.cancel(call, 'caller', reason);
  }

  #progress(frame: Frame & { type: 'progress' }): void {
    const call = this.#call(frame.id);
    const { scope } = call.setup;
    if (!scope?.takesProgress || call.failure) return;
    const read = readValue(`the progress of ${call.label}`, 'progress', () => this.#decode(frame.value, call));
    if ('refusal' in read) return this.#failed(call, read.refusal.reason);
    scope.progress(read.value);
  }

  /** Answers the caller with an error while the work still runs, and aborts the work. */
  #failed(call: PendingCall, reason: string): void {
    const error = new FlameError('FLAME_ENCODING', reason, { ran: 'maybe' });
    if (call.setup.child === undefined) return this.owner.dispatch({ type: 'abort', call, reason, error });
    // Methods of children are not in the pool machine.
    this.owner.observer.failed(call, error);
    call.reject(error);
    this.cancel(call, 'caller', reason);
  }

  #endedBy({ id, reason, byItself = false }: Frame & { type: 'ended' }): void {
    const call = this.#call(id);
    if (call instanceof ChildCall) call.ended(reason, byItself);
    this.#ended(call);
  }

  #ended(call: PendingCall): void {
    this.#calls.delete(call.id);
    if (this.#streams.has(call.id))
      this.#streams.close(
        call.id,
        new FlameError('FLAME_LOST', `${call.label} was lost: the call ended before its streams did`, { ran: 'yes' }),
      );
    this.#resources.close(call.id);
    call.over();
    this.owner.dispatch({ type: 'ended', call });
  }

  #refused(frame: Frame & { type: 'refuse' }): void {
    const call = this.#call(frame.id);
    if (frame.code === 'FLAME_REFUSED' && call.setup.child === undefined) {
      this.#calls.delete(call.id);
      this.#streams.close(call.id, undefined);
      return this.owner.dispatch({ type: 'bounced', call });
    }
    if (!(flameErrorCodes as readonly string[]).includes(frame.code))
      throw new MalformedError(`"${frame.code}" is not a code of FlameError`);
    // The runner's timer fired first, because this process was busy. With `tick` the pool answers calls that are due: its error texts say
    // more.
    if (frame.code === 'FLAME_TIMEOUT') this.owner.dispatch({ type: 'tick' });
    const ran: Ran = frame.ran === 'no' || frame.ran === 'yes' ? frame.ran : 'maybe';
    const error = new FlameError(frame.code as FlameErrorCode, frame.reason, { ran });
    // A call that was cancelled or has timed out is counted already.
    if (!call.failure) this.owner.observer.failed(call, error);
    call.reject(error);
    // On a runner with several processes: the child's process is gone.
    if (call instanceof ChildCall) call.lost(frame.reason);
    this.#settled(call, frame.held);
  }

  #decode(value: Uint8Array, call: PendingCall): unknown {
    return this.owner.codec.decode(value, this.#streams.materializeFor(call.id, call.label, call.setup));
  }
}
