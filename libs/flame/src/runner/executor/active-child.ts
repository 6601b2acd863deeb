import { AsyncResource } from 'node:async_hooks';
import type { Clock } from '../../core/clock.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { Frame } from '../../core/session/frame.js';
import type { ChildClass } from './handler-table.js';
import { ActiveCall } from './active-call.js';
import type { CallHost } from './active-call.js';

/** The time that a child has for its end, in milliseconds: once for its running methods, once for its `onFlameStop`. */
const endGrace = 1_000;

/**
 * A class may implement this to run code when `flame.placeChild` has placed an instance of it on a runner. The hook is awaited, and its
 * error fails the placement. In the hook, `FlameCall.current()` is the child's own call: its signal aborts when the child has to end.
 */
export interface OnFlameStart<A = unknown> {
  /** Called once, with the argument of `flame.placeChild`, before any other method. */
  onFlameStart(args: A): void | Promise<void>;
}

/**
 * A class may implement this to clean up when a child of it ends, for whatever reason. The hook has a second. If it takes longer, its
 * runner takes no new calls and ends when its work is done. The hook is not called if `onFlameStart` failed or the runner is lost.
 */
export interface OnFlameStop {
  /** Called once, with the reason of the end in words. */
  onFlameStop(reason: string): void | Promise<void>;
}

type Child = object & Partial<OnFlameStart & OnFlameStop>;

/**
 * A child on its runner, from its placement to its end: one instance and the methods that run on it. Every end of a child is an abort, even
 * if the child ends itself.
 */
export class ActiveChild extends ActiveCall {
  readonly type: ChildClass;
  /** Whether the child ended itself. */
  byItself = false;
  readonly #methods = new Set<ActiveCall>();
  #child: Child | undefined;
  #scope: AsyncResource | undefined;
  #whenQuiet: (() => void) | undefined;

  constructor(host: CallHost, frame: Frame & { type: 'call' }, at: number, type: ChildClass) {
    super(host, frame.id, frame.handler, frame.mode, frame.linked, frame.attempt, at, frame.trace);
    this.type = type;
  }

  /** Whether the child's methods can be called. */
  get lives(): boolean {
    return this.#child !== undefined && !this.aborted;
  }

  /** Creates the instance and starts it. */
  override async run(_table: unknown, [args]: unknown[]): Promise<void> {
    const scope = new AsyncResource('FLAMECHILD');
    const child: Child = await this.type.make();
    await child.onFlameStart?.(args);
    this.#scope = scope;
    this.#child = child;
  }

  override end(reason: string): void {
    if (this.aborted) return;
    this.byItself = true;
    this.abort(new FlameError('FLAME_CANCELLED', reason, { ran: 'maybe' }));
  }

  began(method: ActiveCall): void {
    this.#methods.add(method);
  }

  invoke(method: string, args: unknown[]): unknown {
    return (this.#child as Record<string, (...args: unknown[]) => unknown>)[method]!(...args);
  }

  ended(method: ActiveCall): void {
    this.#methods.delete(method);
    if (this.#methods.size === 0) this.#whenQuiet?.();
  }

  /**
   * Ends the running methods and then the instance. If the child ended itself, its methods get a second to finish before they are aborted;
   * otherwise they are aborted at once.
   *
   * @returns whether all of them ended in time. An error of `onFlameStop` goes to `warn`.
   */
  async finish(reason: FlameError, clock: Clock, warn: (text: string) => void): Promise<boolean> {
    if (this.byItself) await this.#quiet(clock);
    for (const method of this.#methods) method.abort(reason);
    const quiet = await this.#quiet(clock);
    const stopped = this.#scope!.runInAsyncScope(async () => this.#child!.onFlameStop?.(reason.message)).catch((error: unknown) =>
      warn(`onFlameStop of ${this.type.label} threw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
    );
    return (await inTime(clock, stopped)) && quiet;
  }

  #quiet(clock: Clock): Promise<boolean> {
    if (this.#methods.size === 0) return Promise.resolve(true);
    return inTime(clock, new Promise<void>((resolve) => (this.#whenQuiet = resolve)));
  }
}

/** A call of a child's method. It takes no slot, because the child has one. */
export class ActiveMethod extends ActiveCall {
  readonly #child: ActiveChild;
  readonly #method: string;

  constructor(host: CallHost, frame: Frame & { type: 'call' }, at: number, child: ActiveChild) {
    super(host, frame.id, frame.handler, frame.mode, frame.linked, frame.attempt, at, frame.trace);
    this.#child = child;
    this.#method = frame.method!;
    child.began(this);
  }

  override get name(): string {
    return `${this.#child.type.label}.${this.#method}`;
  }

  override get child(): number {
    return this.#child.id;
  }

  override run(_table: unknown, args: unknown[]): unknown {
    return this.#child.invoke(this.#method, args);
  }

  override end(reason: string): void {
    this.#child.end(reason);
  }

  override over(): void {
    this.#child.ended(this);
  }
}

async function inTime(clock: Clock, done: Promise<unknown>): Promise<boolean> {
  let cancel!: () => void;
  const late = new Promise<boolean>((resolve) => (cancel = clock.after(endGrace, () => resolve(false), true)));
  const ended = await Promise.race([done.then(() => true), late]);
  cancel();
  return ended;
}
