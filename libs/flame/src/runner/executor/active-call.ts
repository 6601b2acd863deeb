import { AsyncResource } from 'node:async_hooks';
import { FlameError } from '../../core/errors/flame-error.js';
import type { CarriedTrace, TracedRun } from '../../core/call/call-tracer.js';
import type { WorkMode } from '../../core/session/frame.js';
import { Timed } from '../../core/pool/deadlines.js';
import type { HandlerTable } from './handler-table.js';

/** Where work runs: what all of a runner's calls share. */
export interface CallHost {
  readonly pool: string;
  readonly runnerId: string;
  /** The clock of `Work.at`. */
  now(): number;
  /** The name of a handler, for people. */
  name(handler: number): string;
  /** Tells the caller how far the work is; once it is over, nothing. */
  progress(work: ActiveCall, value: unknown): void;
}

/**
 * One piece of work on a runner: a call, a cast or a child, from its arrival to its end. `FlameCall` is the face of it that handlers see.
 * The AbortController is made when someone first asks for the signal: most handlers never do.
 */
export class ActiveCall extends Timed implements TracedRun {
  #controller: AbortController | undefined;
  /** Where its signal was first asked for: what listens to it runs there, whoever aborts it. */
  #scope: AsyncResource | undefined;
  #reason: FlameError | undefined;
  #deadline: number | undefined;
  #onAbort: ((work: ActiveCall, reason: unknown) => void) | undefined;

  constructor(
    readonly place: CallHost,
    readonly id: number,
    readonly handler: number,
    readonly mode: WorkMode,
    readonly linked: boolean,
    readonly attempt: number,
    /** When its time is up, on the runner's clock; Infinity for no limit. */
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

  get followed(): boolean {
    return true;
  }

  /** Gives what the handler returns. */
  run(table: HandlerTable, args: unknown[]): unknown {
    return table.invoke(this.handler, args);
  }

  /** Its placing has ended, or its handler has and what is left is held: no time is up for it any more. */
  unlimited(): void {
    this.at = Infinity;
    this.#deadline = Infinity;
  }

  /** It is over. */
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

  /** Why it was aborted; undefined while it was not. */
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

  /** When its time is up, in milliseconds since 1970; Infinity for no limit. */
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

  /** Calls `action` when the work is aborted, at once if it was; the last one given counts. */
  whenAborted(action: (work: ActiveCall, reason: unknown) => void): void {
    this.#onAbort = action;
    if (this.aborted) action(this, this.#reason);
  }
}
