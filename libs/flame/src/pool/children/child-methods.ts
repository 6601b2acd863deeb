import { AsyncResource } from 'node:async_hooks';
import { CallSites } from '../../core/call/call-site.js';
import { CallScope } from '../../core/call/call-scope.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { CancelCause } from '../../core/session/frame.js';
import { abortGrace } from '../../core/pool/rules.js';
import type { ValueEncoder } from '../../streams/value-encoder.js';
import { cannotCross, hadAborted, neverStarted, reasonOf } from '../calls/call-errors.js';
import type { Caller } from '../calls/caller.js';
import { captureContext } from '../calls/capture-context.js';
import type { ChildCall, ChildHome } from './child-call.js';
import { PendingCall } from '../calls/pending-call.js';
import type { CallOptions } from '../calls/pending-call.js';
import type { PoolObserver } from '../observe/pool-observer.js';
import type { PoolSetup } from '../pool-setup.js';

type MethodSetup = Pick<PoolSetup, 'config' | 'clock' | 'listeners' | 'codec' | 'context' | 'tracer' | 'caller'>;

/**
 * Calls methods of children. The pool's machine does not know these calls: they take no slot and wait for nothing, so each has one clock of its
 * own.
 */
export class ChildMethods {
  readonly #setup: MethodSetup;
  readonly #encoder: ValueEncoder;
  readonly #observer: PoolObserver;
  readonly #newId: () => number;
  readonly #sites = new CallSites();

  constructor(setup: MethodSetup, encoder: ValueEncoder, observer: PoolObserver, newId: () => number) {
    this.#setup = setup;
    this.#encoder = encoder;
    this.#observer = observer;
    this.#newId = newId;
  }

  async call(child: ChildCall, method: string, args: unknown[], options: CallOptions): Promise<unknown> {
    const { config, clock } = this.#setup;
    this.#sites.now = clock.now();
    const site = this.#sites.take(this.call);
    const label = `${child.type}.${method}`;
    const { signal, onProgress, timeout = config.timeout } = options;
    const { home, exit } = child;
    if (!home) throw child.goneError(`has ended (${exit?.reason})`, 'no', label);
    const caller = this.#setup.caller?.();
    if (signal?.aborted) throw hadAborted(label, config.name, signal);
    if (caller?.gone !== undefined) throw neverStarted(label, config.name, caller.gone);
    const context = this.#setup.context && captureContext(this.#setup.context, this.#setup.codec, label);
    let bytes: Uint8Array;
    try {
      bytes = this.#encoder.encode(args);
    } catch (error) {
      throw cannotCross(label, error);
    }
    const call = new PendingCall({
      id: this.#newId(),
      label,
      handler: child.order.handler,
      args: bytes,
      mode: 'call',
      attempt: 1,
      linked: true,
      wait: Infinity,
      run: timeout,
      overall: Infinity,
      sources: this.#encoder.sources,
      reads: options.reads ?? false,
      onProgress: onProgress && AsyncResource.bind(onProgress),
      context,
      trace: this.#setup.tracer?.carry(),
      child: child.id,
      method,
      site,
    });
    child.began(call);
    this.#observer.taken(bytes.byteLength);
    // Before the runner's own clock, so that it is this one that says whose time is up.
    this.#watch(call, home, timeout, signal, caller);
    home.run(call, timeout === Infinity ? 0 : timeout);
    return call.promise;
  }

  /** Ends the call when its time is up or its caller leaves; whichever comes first, its own end included, stands the other down. */
  #watch(call: PendingCall, home: ChildHome, timeout: number, signal: AbortSignal | undefined, caller: Caller | undefined): void {
    const { clock, config, listeners } = this.#setup;
    const where = `on runner ${home.id} of pool "${config.name}"`;
    let why = `its timeout ran out after ${timeout} ms`;
    const left = (reason: string): FlameError => {
      why = reason;
      return new FlameError('FLAME_CANCELLED', `${call.label} was cancelled while running ${where}: ${reason}`, { ran: 'maybe' });
    };
    const late = (): FlameError =>
      new FlameError('FLAME_TIMEOUT', `${call.label} timed out after ${timeout} ms of running ${where}. It was aborted.`, { ran: 'maybe' });
    const scope = new CallScope({ clock, listeners });
    scope.limit(timeout, late);
    scope.follow(signal, (aborted) => left(reasonOf(aborted)));
    scope.onRelease(caller?.follow((reason) => scope.end(left(reason))));
    scope.whenEnded((error) => this.#cancel(call, home, error.code === 'FLAME_TIMEOUT' ? 'timeout' : 'caller', error, why));
    call.onOver = (): void => scope.close();
  }

  #cancel(call: PendingCall, home: ChildHome, cause: CancelCause, error: FlameError, reason: string): void {
    this.#observer.failed(call, error);
    call.reject(error);
    home.cancel(call, cause, reason);
    call.onOver = this.#setup.clock.after(abortGrace, () => home.taint(`${call.label} ignored its abort`));
  }
}
