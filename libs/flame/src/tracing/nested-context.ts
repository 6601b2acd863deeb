import type { Context } from '@opentelemetry/api';

/**
 * A context that differs from its surrounding context in one value. OpenTelemetry's own context copies all values whenever one is set, and
 * most applications set one for each span.
 */
export class NestedContext implements Context {
  readonly #around: Context;
  readonly #key: symbol | undefined;
  readonly #value: unknown;

  /** Without a key, the context has the same values as `around`. */
  constructor(around: Context, key?: symbol, value?: unknown) {
    this.#around = around;
    this.#key = key;
    this.#value = value;
  }

  getValue(key: symbol): unknown {
    return key === this.#key ? this.#value : this.#around.getValue(key);
  }

  setValue(key: symbol, value: unknown): NestedContext {
    return new NestedContext(this.#without(key), key, value);
  }

  deleteValue(key: symbol): NestedContext {
    return this.setValue(key, undefined);
  }

  /** The surrounding contexts without this key. So setting the same key again and again does not nest ever deeper. */
  #without(key: symbol): Context {
    if (this.#key === key || this.#key === undefined) return this.#around;
    if (!(this.#around instanceof NestedContext)) return this;
    const around = this.#around.#without(key);
    return around === this.#around ? this : new NestedContext(around, this.#key, this.#value);
  }
}
