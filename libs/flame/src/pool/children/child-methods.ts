import { CallSites } from '../../core/call/call-site.js';
import { CallScope } from '../../core/call/call-scope.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { CancelCause } from '../../core/session/frame.js';
import { abortGrace } from '../../core/pool/rules.js';
import type { ValueEncoder } from '../../streams/value-encoder.js';
import { reasonOf } from '../calls/call-errors.js';
import type { Caller } from '../calls/caller.js';
import type { ChildCall, ChildHome } from './child-call.js';
import { PendingCall } from '../calls/pending-call.js';
import type { CallOptions } from '../calls/pending-call.js';
import { prepareCall } from '../calls/prepare-call.js';
import type { PrepareSetup } from '../calls/prepare-call.js';
import type { PoolObserver } from '../observe/pool-observer.js';
import type { PoolSetup } from '../pool-setup.js';

type MethodSetup = PrepareSetup & Pick<PoolSetup, 'caller'>;

/**
 * Calls methods of children. These calls are not in the pool machine: they take no slot and do not wait, so each has its own time limit.
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
    const { config, clock, listeners, tracer } = this.#setup;
    this.#sites.now = clock.now();
    const site = this.#sites.take(this.call);
    const label = `${child.type}.${method}`;
    const { signal, timeout = config.handlerTimeout } = options;
    const { home, exit } = child;
    const traced = tracer && { pool: config.name, handler: label, mode: 'call' as const, attempt: 1, child: child.id };
    if (!home) {
      const error = child.goneError(`has ended (${exit?.reason})`, 'no', label);
      if (traced) tracer.begin(traced).record?.ended(error);
      throw error;
    }
    const caller = this.#setup.caller?.();
    const prepared = prepareCall(this.#setup, this.#encoder, { label, handler: child.setup.handler, args, options, caller, traced });
    const scope = prepared.scope ?? new CallScope({ clock, listeners });
    // Every field by its name, as in `Pool.#submit`: with a spread this literal takes about 50 µs on Node 20.
    const call = new PendingCall({
      id: this.#newId(),
      label,
      handler: child.setup.handler,
      args: prepared.args,
      mode: 'call',
      attempt: 1,
      linked: true,
      queueTimeout: Infinity,
      handlerTimeout: timeout,
      timeout: Infinity,
      sources: prepared.sources,
      reads: options.reads ?? false,
      context: prepared.context,
      trace: prepared.trace,
      scope,
      child: child.id,
      method,
      site,
    });
    child.began(call);
    this.#observer.taken(prepared.args.byteLength);
    scope.record?.ran({ call: call.id, runner: home.id, waited: 0, boot: undefined });
    // Start this time limit before the runner starts its own, so that this one ends the call first.
    this.#limit(call, scope, home, { timeout, signal, caller });
    home.run(call, timeout === Infinity ? 0 : timeout);
    return call.promise;
  }

  /** Ends the call when its time is up, its signal aborts or its caller is gone. */
  #limit(
    call: PendingCall,
    scope: CallScope,
    home: ChildHome,
    { timeout, signal, caller }: { timeout: number; signal: AbortSignal | undefined; caller: Caller | undefined },
  ): void {
    const where = `on runner ${home.id} of pool "${this.#setup.config.name}"`;
    let why = `its timeout ran out after ${timeout} ms`;
    const left = (reason: string): FlameError => {
      why = reason;
      return new FlameError('FLAME_CANCELLED', `${call.label} was cancelled while running ${where}: ${reason}`, { ran: 'maybe' });
    };
    const late = (): FlameError =>
      new FlameError('FLAME_TIMEOUT', `${call.label} timed out after ${timeout} ms of running ${where}. It was aborted.`, { ran: 'maybe' });
    scope.limit(timeout, late);
    scope.follow(signal, (aborted) => left(reasonOf(aborted)));
    scope.onRelease(caller?.follow((reason) => scope.end(left(reason))));
    scope.whenEnded((error) => this.#cancel(call, home, error.code === 'FLAME_TIMEOUT' ? 'timeout' : 'caller', error, why));
  }

  #cancel(call: PendingCall, home: ChildHome, cause: CancelCause, error: FlameError, reason: string): void {
    this.#observer.failed(call, error);
    call.reject(error);
    home.cancel(call, cause, reason);
    call.onOver = this.#setup.clock.after(abortGrace, () => home.taint(`${call.label} ignored its abort for ${abortGrace} ms`));
  }
}
