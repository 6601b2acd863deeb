import { Outgoing } from './outgoing.js';
import { disposeSource, openSource } from './source-iterator.js';
import type { SourceIterator } from './source-iterator.js';

/**
 * A source that gives items on request: an AsyncIterable, a Node Readable or a web ReadableStream. To hold it back, no item is requested.
 */
export class PulledSource extends Outgoing {
  #iterator: SourceIterator | undefined;
  /** The loop that requests items, while it runs. */
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

  /** The source is over only when its `finally` has finished and the requested item has arrived. */
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
      // After a stop, this is the source's reaction to the stop. Nothing waits for it.
      if (!this.ended) this.complete({ thrown });
    } finally {
      this.#pulling = undefined;
    }
  }
}
