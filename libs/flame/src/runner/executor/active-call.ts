import { AsyncResource } from 'node:async_hooks';
import { FlameError } from '../../core/errors/flame-error.js';
import type { CarriedTrace, TracedRun } from '../../core/call/call-tracer.js';
import type { CallMode } from '../../core/session/frame.js';
import { Timed } from '../../core/pool/deadlines.js';
import type { HandlerTable } from './handler-table.js';

/** The runner of a call: the parts that all its calls share. */
export interface CallHost {
  readonly pool: string;
  readonly runnerId: string;
  /** The clock of `ActiveCall.at`. */
  now(): number;
  /** The name of a handler, for messages. */
  name(handler: number): string;
  /** Sends a progress value to the caller. Has no effect once the call is over. */
  progress(call: ActiveCall, value: unknown): void;
}

/**
 * A call on its runner, from its arrival to its end: a call, a cast or a child. Handlers see it as a `FlameCall`. The AbortController is
 * created when the signal is first read, because most handlers never read it.
 */
export class ActiveCall extends Timed implements TracedRun {
  #controller: AbortController | undefined;
  /** The async context in which the signal was first read. The signal's listeners run in it. */
  #scope: AsyncResource | undefined;
  #reason: FlameError | undefined;
  #deadline: number | undefined;
  #onAbort: ((call: ActiveCall, reason: unknown) => void) | undefined;

  constructor(
    readonly host: CallHost,
    readonly id: number,
    readonly handler: number,
    readonly mode: CallMode,
    readonly linked: boolean,
    readonly attempt: number,
    /** The call's deadline on the runner's clock; Infinity for no limit. */
    at: number,
    readonly trace: CarriedTrace | undefined = undefined,
    /** Whether the resources in the result are tracked; undefined where the handler or the pool says. */
    readonly tracks: boolean | undefined = undefined,
  ) {
    super();
    this.at = at;
  }

  /** `Class.method`, for messages. */
  get name(): string {
    return this.host.name(this.handler);
  }

  /** For a method of a child: the number of the call that placed the child. */
  get child(): number | undefined {
    return undefined;
  }

  /** Calls the handler and returns its result. */
  run(table: HandlerTable, args: unknown[]): unknown {
    return table.invoke(this.handler, args);
  }

  /** Removes the time limit: the child has been placed, or the handler has returned and only streams or resources remain. */
  unlimited(): void {
    this.at = Infinity;
    this.#deadline = Infinity;
  }

  /** Called once when the call is over. */
  over(): void {}

  /** @throws {FlameError} FLAME_CONFIG: only a child can end. */
  end(_reason: string): void {
    throw new FlameError(
      'FLAME_CONFIG',
      `${this.name} is not a method of a child. FlameCall.end() ends the child whose method calls it; other calls end when they return.`,
      {
        ran: 'maybe',
      },
    );
  }

  /** The reason of the call's abort; undefined before the abort. */
  get reason(): FlameError | undefined {
    return this.#reason;
  }

  get aborted(): boolean {
    return this.#reason !== undefined;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      this.#scope = new AsyncResource('FLAMECALL');
      if (this.aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** The call's deadline in milliseconds since 1970; Infinity for no limit. */
  get deadline(): number {
    return (this.#deadline ??= Date.now() + (this.at - this.host.now()));
  }

  /** Aborts the call, so that its handler stops. Only the first reason counts. */
  abort(reason: FlameError): void {
    if (this.aborted) return;
    this.#reason = reason;
    const controller = this.#controller;
    if (controller) this.#scope!.runInAsyncScope(controller.abort, controller, reason);
    this.#onAbort?.(this, reason);
  }

  /** Calls `action` when the call is aborted, or at once if it already was. Only the last action that was passed counts. */
  whenAborted(action: (call: ActiveCall, reason: unknown) => void): void {
    this.#onAbort = action;
    if (this.aborted) action(this, this.#reason);
  }
}
