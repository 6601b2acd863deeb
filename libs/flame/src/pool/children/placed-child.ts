import type { ChildCall, ChildExit } from './child-call.js';
import type { ChildMethods } from './child-methods.js';
import type { CallOptions } from '../calls/pending-call.js';

/** A child on one of the pool's runners, as its caller gets it. */
export class PlacedChild {
  readonly #call: ChildCall;
  readonly #methods: ChildMethods;
  readonly #abandon: (reason: string) => void;

  constructor(call: ChildCall, methods: ChildMethods, abandon: (reason: string) => void) {
    this.#call = call;
    this.#methods = methods;
    this.#abandon = abandon;
  }

  /** Never rejects. */
  get exited(): Promise<ChildExit> {
    return this.#call.exited;
  }

  /** Runs one of the child's methods, which takes no slot of its own. */
  call(method: string, args: unknown[], options: CallOptions = {}): Promise<unknown> {
    return this.#methods.call(this.#call, method, args, options);
  }

  /** Ends the child. Resolves when it has ended. */
  stop(reason: string): Promise<ChildExit> {
    if (!this.#call.exit) {
      this.#call.stopping = true;
      this.#abandon(reason);
    }
    return this.exited;
  }
}
