import { Outgoing } from './outgoing.js';
import { disposeSource, openSource } from './source-iterator.js';
import type { SourceIterator } from './source-iterator.js';

/** A source that gives items when it is asked: an AsyncIterable, a Node Readable or a web ReadableStream. It is held back by not asking. */
export class PulledSource extends Outgoing {
  #iterator: SourceIterator | undefined;
  /** The loop that asks for items, while it does. */
  #pulling: Promise<void> | undefined;

  protected override begin(): void {
    try {
      this.#iterator = this.setup.scope.runInAsyncScope(openSource, undefined, this.kind, this.source);
    } catch (thrown) {
      return this.complete({ thrown });
    }
    this.flow();
  }

  protected override flow(): void {
    if (this.mayFlow) this.#pulling ??= this.#pull(this.#iterator!);
  }

  /** Over only when what the source does in its `finally` is done, and the item that was asked for has come, too. */
  protected override halt(): void {
    const ending = this.setup.scope.runInAsyncScope(() => this.#iterator!.return());
    void Promise.all([ending.catch(this.cleanupFailed), this.#pulling]).then(() => this.finished());
  }

  protected override dispose(): void {
    this.setup.scope.runInAsyncScope(disposeSource, undefined, this.kind, this.source).catch(this.cleanupFailed);
  }

  async #pull(iterator: SourceIterator): Promise<void> {
    try {
      while (this.mayFlow) {
        const result = await this.setup.scope.runInAsyncScope(iterator.next);
        if (this.ended) return;
        if (result.done) return this.complete();
        const bytes = this.encode(result.value);
        if (bytes) this.send(bytes);
      }
    } catch (thrown) {
      // After a stop this is the source's answer to it, which nobody waits for.
      if (!this.ended) this.complete({ thrown });
    } finally {
      this.#pulling = undefined;
    }
  }
}
