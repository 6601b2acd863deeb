import type { FlameTrackable } from './flame-trackable.js';

/** What crosses of an object: its properties without its methods. */
export type FlameData<T> = { readonly [K in keyof T as T[K] extends (...args: never[]) => unknown ? never : K]: T[K] };

/**
 * A resource on a runner, as its holder has it. The runner stays, and the slot of the call that handed it out is taken, until it is
 * released; that happens at the latest when the handle is collected as garbage, or when this process goes.
 */
export class FlameResource<T = unknown> implements AsyncDisposable {
  /** The resource's own data, as it was when it was handed out. */
  readonly value: FlameData<T>;
  readonly #release: () => Promise<void>;
  #released: Promise<void> | undefined;

  constructor(value: FlameData<T>, release: () => Promise<void>) {
    this.value = value;
    this.#release = release;
  }

  /**
   * What a handler returns to say in its type that callers are given a handle: `return FlameResource.of(page)`. Where nothing crosses,
   * because the handler runs in place, it is that handle.
   */
  static of<T extends FlameTrackable>(thing: T): FlameResource<T> {
    return new FlameResource<T>(thing, async () => thing.onFlameRelease());
  }

  /** Lets go of it; resolves when the runner has released it, or is gone. Idempotent. */
  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  /** Releases it at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
