import { FlameError } from '../../core/errors/flame-error.js';
import type { CancelCause } from '../../core/session/frame.js';
import { PendingCall } from '../calls/pending-call.js';
import type { CallSetup } from '../calls/pending-call.js';

/**
 * How a child ended.
 *
 * - `ended`: by itself.
 * - `stopped`: by `stop()`.
 * - `cancelled`: the caller to which it is linked is gone.
 * - `leaving`: its runner or this app was told to stop.
 * - `lost`: its runner was lost. Its running methods failed with `error`.
 */
export interface ChildExit {
  readonly how: 'ended' | 'stopped' | 'cancelled' | 'leaving' | 'lost';
  /** For logs and errors: the reason that was passed to `end()` or `stop()`, the reason of the signal, or how the runner was lost. */
  readonly reason: string;
  readonly error?: FlameError;
}

/** The runner on which a child lives. */
export interface ChildHome {
  readonly id: string;
  /** Runs a method for at most `handlerTimeout` milliseconds; 0 for no limit. */
  run(method: PendingCall, handlerTimeout: number): void;
  cancel(method: PendingCall, cause: CancelCause, reason: string): void;
  /** A method ignored its abort, so the runner gets no new work. */
  taint(reason: string): void;
}

/** The call that places a child. After that it represents the child at the parent. */
export class ChildCall extends PendingCall {
  /** Never rejects. */
  readonly exited: Promise<ChildExit>;
  /** The child's runner; undefined before the child is placed and after its end. */
  home: ChildHome | undefined;
  exit: ChildExit | undefined;
  /** `stop()` was called. */
  stopping = false;
  readonly #methods = new Set<PendingCall>();
  #cancelled: CancelCause | undefined;
  #exit!: (exit: ChildExit) => void;

  constructor(setup: CallSetup) {
    super(setup);
    this.exited = new Promise((resolve) => (this.#exit = resolve));
  }

  /** The name of the class. The label is `new Class`. */
  get type(): string {
    return this.label.replace(/^new /, '');
  }

  placed(home: ChildHome): void {
    this.home = home;
  }

  /** The runner was told to end the child. */
  cancelSent(cause: CancelCause): void {
    this.#cancelled = cause;
  }

  began(method: PendingCall): void {
    this.#methods.add(method);
    method.whenAnswered(() => this.#methods.delete(method));
  }

  /** The runner reports that the child is over. */
  ended(reason: string, byItself: boolean): void {
    this.#over({ how: byItself ? 'ended' : this.#how(), reason }, 'has ended');
  }

  lost(reason: string): void {
    const error = new FlameError('FLAME_LOST', `a child of ${this.type} was lost with its runner ${this.runner?.id} (${reason})`, {
      ran: 'maybe',
    });
    this.#over({ how: 'lost', reason, error }, 'was lost with its runner');
  }

  /** The error of a method whose child is gone. */
  goneError(what: string, ran: 'no' | 'maybe', method: string): FlameError {
    return new FlameError('FLAME_LOST', `${method} was ${ran === 'no' ? 'not run' : 'cut off'}: its child ${what}`, { ran });
  }

  #how(): ChildExit['how'] {
    if (this.#cancelled === 'caller') return this.stopping ? 'stopped' : 'cancelled';
    return 'leaving';
  }

  #over(exit: ChildExit, what: string): void {
    if (this.exit) return;
    this.exit = exit;
    this.home = undefined;
    this.over();
    for (const method of this.#methods) method.reject(this.goneError(`${what} (${exit.reason})`, 'maybe', method.label));
    this.#exit(exit);
  }
}
