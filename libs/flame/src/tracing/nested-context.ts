import type { Context } from '@opentelemetry/api';

/**
 * A context that differs from the one around in one value. OpenTelemetry's own, of which most applications set a value for each span,
 * copies all of the values around each time.
 */
export class NestedContext implements Context {
  readonly #around: Context;
  readonly #key: symbol | undefined;
  readonly #value: unknown;

  /** Without a key it differs in none. */
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

  /** For all but this key the same: so that a value which is set again and again does not nest it deeper and deeper. */
  #without(key: symbol): Context {
    if (this.#key === key || this.#key === undefined) return this.#around;
    if (!(this.#around instanceof NestedContext)) return this;
    const around = this.#around.#without(key);
    return around === this.#around ? this : new NestedContext(around, this.#key, this.#value);
  }
}
