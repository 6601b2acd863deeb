import type { ChildExit } from '../../pool/children/child-call.js';
import type { CallOptions } from '../../pool/calls/pending-call.js';
import { FlameError } from '../../core/errors/flame-error.js';
import { ofPools, readCallOptions, reading } from './call-options.js';
import type { FlameCallOptions, ReadCallOptions } from './call-options.js';
import type { AnyChild } from './child-in-place.js';
import type { FlameApi } from './flame-api.js';
import type { PlaceableClass } from '../handlers/placeable-class.js';
import { deliver } from '../decorator/returns.js';

/** Options of a child's methods. The default `timeout` is the pool's. */
export type ChildCallOptions = Omit<FlameCallOptions, 'link' | (typeof ofPools)[number]>;

/**
 * A handle to a child on a runner. The child lives and holds its slot until it is stopped, ends by itself, is left by the caller that it is
 * linked to, or is lost with its runner. It is never placed again.
 *
 * `await using child = await flame.placeChild(…)` stops it at the end of the block.
 */
export class RemoteChild<T> implements AsyncDisposable {
  /** The child's asynchronous methods. They run concurrently, as calls do, and take no slots. */
  readonly api: FlameApi<T>;
  /** Resolves with how and why the child ended. Never rejects. */
  readonly exited: Promise<ChildExit>;
  readonly #child: AnyChild;
  readonly #type: PlaceableClass;

  constructor(child: AnyChild, type: PlaceableClass) {
    this.#child = child;
    this.#type = type;
    this.exited = child.exited;
    this.api = this.#proxy({});
  }

  /** The same methods with a timeout of their own, an AbortSignal, or `onProgress`. */
  with(options: ChildCallOptions): FlameApi<T> {
    return this.#proxy(readCallOptions(options, `child.with() of ${this.#type.label}`, ['link', ...ofPools]));
  }

  /**
   * Ends the child, linked or not: aborts its running methods, then calls its `onFlameStop` with the reason. Resolves when the child has
   * ended.
   */
  stop(reason = 'it was stopped'): Promise<ChildExit> {
    return this.#child.stop(reason);
  }

  /** Stops the child at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('its holder disposed of it');
  }

  #proxy(options: ReadCallOptions): FlameApi<T> {
    const type = this.#type;
    const child = this.#child;
    return new Proxy(emptyTarget, {
      get(_, key) {
        // `await` asks for `then`; printing the object asks for symbols and `toJSON`.
        if (typeof key === 'symbol' || key === 'then' || key === 'toJSON') return undefined;
        if (!type.methods.has(key)) throw noMethod(type, key);
        const returns = options.returns ?? type.returns(key);
        return (...args: unknown[]): unknown =>
          deliver(returns, `${type.label}.${key}`, (more) => {
            const callOptions: CallOptions = more ? reading(options, more) : options;
            return child.call(key, args, callOptions);
          });
      },
    }) as FlameApi<T>;
  }
}

const emptyTarget = Object.freeze({});

function noMethod(type: PlaceableClass, key: string): FlameError {
  const there = [...type.methods].join(', ');
  return new FlameError(
    'FLAME_DENIED',
    `${type.label}.${key} cannot be called on a child: it is not a public method of ${type.label}. Its methods are: ${there}.`,
  );
}
