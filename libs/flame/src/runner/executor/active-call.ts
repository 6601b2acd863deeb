import { AsyncResource } from 'node:async_hooks';
import { FlameError } from '../../core/errors/flame-error.js';
import type { CarriedTrace, TracedRun } from '../../core/call/call-tracer.js';
import type { CallMode } from '../../core/session/frame.js';
import { Timed } from '../../core/pool/deadlines.js';
import type { HandlerTable } from './handler-table.js';

/** The runner of a call: what all its calls share. */
export interface CallHost {
  readonly pool: string;
  readonly runnerId: string;
  /** The clock of `ActiveCall.at`. */
  now(): number;
  /** The name of a handler, for people. */
  name(handler: number): string;
  /** Tells the caller how far the call is; once it is over, nothing. */
  progress(call: ActiveCall, value: unknown): void;
}

/**
 * A call on its runner, from its arrival to its end: a call, a cast or a child. Handlers see it as a `FlameCall`.
 * The AbortController is made when the signal is first read: most handlers never read it.
 */
export class ActiveCall extends Timed implements TracedRun {
  #controller: AbortController | undefined;
  /** The context in which the signal was first read. Its listeners run in it. */
  #scope: AsyncResource | undefined;
  #reason: FlameError | undefined;
  #deadline: number | undefined;
  #onAbort: ((call: ActiveCall, reason: unknown) => void) | undefined;

  constructor(
    readonly place: CallHost,
    readonly id: number,
    readonly handler: number,
    readonly mode: CallMode,
    readonly linked: boolean,
    readonly attempt: number,
    /** Its deadline on the runner's clock; Infinity for no limit. */
    at: number,
    readonly trace: CarriedTrace | undefined = undefined,
  ) {
    super();
    this.at = at;
  }

  /** `Class.method`, for people. */
  get name(): string {
    return this.place.name(this.handler);
  }

  /** Whether a tracer follows it. */
  get followed(): boolean {
    return true;
  }

  /** Calls the handler and returns its result. */
  run(table: HandlerTable, args: unknown[]): unknown {
    return table.invoke(this.handler, args);
  }

  /** Ends the time limit: the child has been placed, or the handler has returned and only streams or resources remain. */
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
      `${this.name} is no child, and ends when it returns. FlameCall.end() ends the child whose method calls it.`,
      {
        ran: 'maybe',
      },
    );
  }

  /** The reason of its abort; undefined before. */
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

  /** Its deadline in milliseconds since 1970; Infinity for no limit. */
  get deadline(): number {
    return (this.#deadline ??= Date.now() + (this.at - this.place.now()));
  }

  /** Tells the handler to stop; the first reason counts. */
  abort(reason: FlameError): void {
    if (this.aborted) return;
    this.#reason = reason;
    const controller = this.#controller;
    if (controller) this.#scope!.runInAsyncScope(controller.abort, controller, reason);
    this.#onAbort?.(this, reason);
  }

  /** Calls `action` when the call is aborted, at once if it was; the last one given counts. */
  whenAborted(action: (call: ActiveCall, reason: unknown) => void): void {
    this.#onAbort = action;
    if (this.aborted) action(this, this.#reason);
  }
}
