import type { FlameTrackable } from './flame-trackable.js';

/** The part of an object that crosses: its properties without its methods. */
export type FlameData<T> = { readonly [K in keyof T as T[K] extends (...args: never[]) => unknown ? never : K]: T[K] };

/**
 * A handle of a resource on a runner. Until the handle is released, the runner stays up and the call that returned the resource holds its
 * slot. The handle is released at the latest when it is garbage-collected or when this process ends.
 */
export class FlameResource<T = unknown> implements AsyncDisposable {
  /** The resource's own data, copied when the handler returned it. */
  readonly value: FlameData<T>;
  readonly #release: () => Promise<void>;
  #released: Promise<void> | undefined;

  constructor(value: FlameData<T>, release: () => Promise<void>) {
    this.value = value;
    this.#release = release;
  }

  /**
   * For handlers whose return type says that callers get a handle: `return FlameResource.of(page)`. If the handler runs in place, so that
   * nothing crosses, the result itself is the handle.
   */
  static of<T extends FlameTrackable>(thing: T): FlameResource<T> {
    return new FlameResource<T>(thing, async () => thing.onFlameRelease());
  }

  /** Releases the resource. Resolves when the runner has released it, or is gone. Idempotent. */
  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  /** Releases it at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
