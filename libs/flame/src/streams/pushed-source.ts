import { Subscriber } from 'rxjs';
import type { Observable } from 'rxjs';
import { FlameError } from '../core/errors/flame-error.js';
import { Outgoing } from './outgoing.js';

/** How many bytes an Observable may be ahead of its consumer before its stream fails. */
export const pushedBytes = 16 * 1024 * 1024;
/** The cost of a waiting item in addition to its bytes. */
const itemCost = 128;

/**
 * A source that gives items at its own pace: an Observable. It cannot be held back. Items that the consumer has not asked for yet wait
 * here, up to a limit.
 */
export class PushedSource extends Outgoing {
  // Created before the subscription, so that an item that arrives during `subscribe` can end it.
  readonly #subscriber = new Subscriber<unknown>({
    next: (item) => this.#take(item),
    error: (thrown: unknown) => this.#sourceEnded({ error: { thrown } }),
    complete: () => this.#sourceEnded({}),
  });
  readonly #waiting: Uint8Array[] = [];
  #waitingCost = 0;
  /** Set when the source has ended. */
  #end: { error?: { thrown: unknown } } | undefined;

  protected override begin(): void {
    this.setup.scope.runInAsyncScope(() => (this.source as Observable<unknown>).subscribe(this.#subscriber));
  }

  protected override flow(): void {
    let sent = 0;
    while (sent < this.#waiting.length && this.mayFlow) {
      const bytes = this.#waiting[sent++]!;
      this.#waitingCost -= bytes.length + itemCost;
      this.send(bytes);
    }
    this.#waiting.splice(0, sent);
    if (this.#end && this.#waiting.length === 0) this.complete(this.#end.error);
  }

  protected override halt(): void {
    this.#waiting.length = 0;
    this.#unsubscribe();
    this.finished();
  }

  protected override dispose(): void {}

  #take(item: unknown): void {
    if (this.ended) return;
    const bytes = this.encode(item);
    if (!bytes) return;
    if (this.#waiting.length === 0 && this.mayFlow) return this.send(bytes);
    this.#waiting.push(bytes);
    this.#waitingCost += bytes.length + itemCost;
    if (this.#waitingCost > pushedBytes) this.fail(this.#tooFast());
  }

  #sourceEnded(end: { error?: { thrown: unknown } }): void {
    this.#end = end;
    if (!this.ended && this.#waiting.length === 0) this.complete(end.error);
  }

  #unsubscribe(): void {
    try {
      this.setup.scope.runInAsyncScope(() => this.#subscriber.unsubscribe());
    } catch (error) {
      this.cleanupFailed(error);
    }
  }

  #tooFast(): FlameError {
    return new FlameError(
      'FLAME_REFUSED',
      `${this.name} was ended: ${this.#waiting.length} items waited for its reader, and an Observable cannot be slowed down. ` +
        `Use an AsyncIterable instead, emit fewer items (throttleTime, sampleTime, bufferTime), or read faster.`,
      { ran: 'maybe' },
    );
  }
}
