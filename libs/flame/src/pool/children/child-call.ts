import { FlameError } from '../../core/errors/flame-error.js';
import type { CancelCause } from '../../core/session/frame.js';
import { PendingCall } from '../calls/pending-call.js';
import type { CallOrder } from '../calls/pending-call.js';

/**
 * How a child ended. `ended`: by itself. `stopped`: by `stop()`. `cancelled`: with the caller that it is linked to. `leaving`: its runner,
 * or this app, was told to go. `lost`: with its runner, which went without a word; `error` is what its running methods failed with.
 */
export interface ChildExit {
  readonly how: 'ended' | 'stopped' | 'cancelled' | 'leaving' | 'lost';
  /** For people: what the child gave to `end()`, `stop()` was given, or the signal aborted with; or how the runner was lost. */
  readonly reason: string;
  readonly error?: FlameError;
}

/** The runner that a child lives on. */
export interface ChildHome {
  readonly id: string;
  /** Runs a method, for at most `timeout` milliseconds, 0 for no limit. */
  run(method: PendingCall, timeout: number): void;
  cancel(method: PendingCall, cause: CancelCause, reason: string): void;
  /** A method ignored its abort: the runner gets no new work. */
  taint(reason: string): void;
}

/** The call that places a child, and then the child itself as this side has it. */
export class ChildCall extends PendingCall {
  /** Never rejects. */
  readonly exited: Promise<ChildExit>;
  /** Where it lives; undefined before it is placed, and after its end. */
  home: ChildHome | undefined;
  exit: ChildExit | undefined;
  /** Somebody called `stop()`. */
  stopping = false;
  readonly #methods = new Set<PendingCall>();
  #cancelled: CancelCause | undefined;
  #exit!: (exit: ChildExit) => void;

  constructor(order: CallOrder) {
    super(order);
    this.exited = new Promise((resolve) => (this.#exit = resolve));
  }

  /** The class's name: the label is `new Class`. */
  get type(): string {
    return this.label.replace(/^new /, '');
  }

  placed(home: ChildHome): void {
    this.home = home;
  }

  /** The runner was told to end it. */
  cancelSent(cause: CancelCause): void {
    this.#cancelled = cause;
  }

  began(method: PendingCall): void {
    this.#methods.add(method);
    method.whenAnswered(() => this.#methods.delete(method));
  }

  /** The runner says that it is over. */
  ended(reason: string, byItself: boolean): void {
    this.#over({ how: byItself ? 'ended' : this.#how(), reason }, 'has ended');
  }

  lost(reason: string): void {
    const error = new FlameError('FLAME_LOST', `a child of ${this.type} was lost: its runner ${this.runner?.id} went away (${reason})`, {
      ran: 'maybe',
    });
    this.#over({ how: 'lost', reason, error }, 'was lost with its runner');
  }

  /** What a method of a child that is gone fails with. */
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
