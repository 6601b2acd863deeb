import { CallScope } from '../../core/call/call-scope.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { ChildExit } from '../../pool/children/child-call.js';
import { reasonOf } from '../../pool/calls/call-errors.js';
import type { CallOptions } from '../../pool/calls/pending-call.js';
import type { PlacedChild } from '../../pool/children/placed-child.js';
import { ActiveChild, ActiveMethod } from '../../runner/executor/active-child.js';
import { currentCall } from '../../runner/executor/flame-call.js';
import type { ActiveCall, CallHost } from '../../runner/executor/active-call.js';
import { isBounded, currentLocation } from './call-in-place.js';
import type { CallLocation } from './call-in-place.js';
import { InPlaceScope, warnOfProgress } from './in-place.js';
import type { EndingChild, InPlaceSetup } from './in-place.js';
import { nestLog } from '../log/nest-log.js';
import type { PlaceableClass } from '../handlers/placeable-class.js';

/** A child, in place or on a runner. */
export type AnyChild = Pick<PlacedChild, 'exited' | 'call' | 'stop'>;

/**
 * Places a child in this process, which is a runner already. It has the hooks and the end of any other child, but takes no slot, and its
 * arguments are not encoded. A linked child also ends when the call that placed it is aborted. `pool` is the pool that the caller named.
 */
export async function placeHere(
  setup: InPlaceSetup,
  { pool, type, args, options }: { pool: string; type: PlaceableClass; args: unknown; options: CallOptions },
): Promise<AnyChild> {
  const location = currentLocation();
  const outer = options.linked === false ? undefined : location.outer;
  const placing = new InPlaceScope(setup, {
    name: type.name,
    where: location.where,
    options: { ...options, onProgress: undefined },
    outer,
    traced: { pool, handler: type.name, mode: 'child', attempt: 1 },
  });
  if (placing.reason) throw placing.reason;
  const child = new ChildInPlace(setup, location, type, options, placing);
  // A child whose placing failed has no holder, linked or not.
  placing.whenEnded((error) => child.work.abort(error));
  await placing.run(child.work, async () => {
    await child.work.run(undefined, [args]);
    child.started(outer);
  });
  return child;
}

class ChildInPlace implements AnyChild, EndingChild {
  readonly work: ActiveChild;
  readonly exited: Promise<ChildExit>;
  readonly #setup: InPlaceSetup;
  readonly #location: CallLocation;
  readonly #type: PlaceableClass;
  readonly #options: CallOptions;
  /** The pool that the caller named. */
  readonly #asked: string;
  /** The scope of the child's life after it was placed. */
  readonly #life: CallScope;
  #how: ChildExit['how'] = 'cancelled';
  #exit!: (exit: ChildExit) => void;

  constructor(setup: InPlaceSetup, location: CallLocation, type: PlaceableClass, options: CallOptions, placing: InPlaceScope) {
    this.#setup = setup;
    this.#location = location;
    this.#type = type;
    this.#options = options;
    this.#asked = placing.call.traced.pool;
    this.exited = new Promise((resolve) => (this.#exit = resolve));
    const warn = (error: unknown): void => warnOfProgress(type.name, error);
    this.#life = new CallScope({ clock: setup.clock, listeners: setup.listeners, onProgress: options.onProgress, warn });
    const frame = { ...this.#frame, mode: 'child' as const, linked: options.linked ?? true, trace: placing.trace };
    this.work = new ActiveChild(this.#host(type.name, this.#life), frame, placing.at, type);
  }

  /** Its `onFlameStart` has ended. A child that was aborted meanwhile ends now. */
  started(outer: ActiveCall | undefined): void {
    this.#setup.children.add(this);
    this.work.unlimited();
    this.work.whenAborted((_, reason) => void this.#finish(reason as FlameError));
    if (!this.work.linked) return;
    this.#life.whenEnded((error) => this.work.abort(error));
    for (const signal of [this.#options.signal, outer?.signal]) this.#life.follow(signal, (aborted) => ended(reasonOf(aborted)));
  }

  async call(method: string, args: unknown[], options: CallOptions = {}): Promise<unknown> {
    const name = `${this.#type.label}.${method}`;
    const traced = { pool: this.#asked, handler: name, mode: 'call' as const, attempt: 1, child: this.work.id };
    if (!this.work.lives) {
      const begun = this.#setup.tracer?.begin(traced);
      const error = new FlameError('FLAME_LOST', `${name} was not run: its child has ended (${(await this.exited).reason})`);
      begun?.record?.ended(error);
      throw error;
    }
    const outer = isBounded(options) ? currentCall() : undefined;
    const scope = new InPlaceScope(this.#setup, { name, where: this.#location.where, options, outer, traced });
    if (scope.reason) throw scope.reason;
    const frame = { ...this.#frame, mode: 'call' as const, linked: true, method, trace: scope.trace };
    const work = new ActiveMethod(this.#host(name, scope), frame, scope.at, this.work);
    return scope.run(work, () => work.run(undefined, args));
  }

  stop(reason: string): Promise<ChildExit> {
    return this.end('stopped', reason);
  }

  end(how: 'stopped' | 'leaving', reason: string): Promise<ChildExit> {
    if (!this.work.aborted) this.#how = how;
    this.work.abort(ended(reason));
    return this.exited;
  }

  async #finish(reason: FlameError): Promise<void> {
    await this.work.finish(reason, this.#setup.clock, (text) => nestLog.warn(text));
    this.#life.close();
    this.#setup.children.delete(this);
    this.#exit({ how: this.work.byItself ? 'ended' : this.#how, reason: reason.message });
  }

  get #frame(): { type: 'call'; id: number; handler: number; args: Uint8Array; handlerTimeout: number; attempt: number } {
    return { type: 'call', id: this.#location.outer?.id ?? 0, handler: 0, args: nothing, handlerTimeout: 0, attempt: 1 };
  }

  #host(name: string, scope: CallScope): CallHost {
    const { clock } = this.#setup;
    const { pool, runner } = this.#location;
    return { pool, runnerId: runner, now: () => clock.now(), name: () => name, progress: (_, value) => scope.progress(value) };
  }
}

const nothing = new Uint8Array(0);

function ended(reason: string): FlameError {
  return new FlameError('FLAME_CANCELLED', reason, { ran: 'maybe' });
}
