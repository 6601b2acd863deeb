import { badOption, OptionReader } from '../options/option-reader.js';

/**
 * Carries a part of the caller's context with its calls. `capture` reads it at the parent when a call is made. `run` restores it on the
 * runner, around the handler. Usually both use the same AsyncLocalStorage.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- both a result and a parameter
export interface ContextCarrier<T = any> {
  /**
   * Called in the caller's context when a call is made; for a stream, when it is read. If it throws, the call fails. The returned value
   * must be able to cross, as arguments must. If it returns `undefined`, nothing travels with that call, and `run` is not called.
   */
  capture(): T | undefined;
  /** Must call `next` once, before it returns, in a context made from `value`. If it throws before that, the call fails. */
  run(value: T, next: () => void): void;
}

/** A carrier in a list. `name` identifies its value on the network and in errors. */
export interface NamedContextCarrier extends ContextCarrier {
  name: string;
}

/** Combines several carriers. Each gets the value that it captured; the first carrier is the outermost. All names are different. */
export function carryAll(carriers: readonly NamedContextCarrier[]): ContextCarrier<Record<string, unknown>> {
  return {
    capture() {
      let values: Record<string, unknown> | undefined;
      for (const carrier of carriers) {
        const value: unknown = carrier.capture();
        if (value !== undefined) (values ??= {})[carrier.name] = value;
      }
      return values;
    },
    run(values, next) {
      const enter = (index: number): void => {
        const carrier = carriers[index];
        if (carrier === undefined) next();
        else if (Object.hasOwn(values, carrier.name)) carrier.run(values[carrier.name], () => enter(index + 1));
        else enter(index + 1);
      };
      enter(0);
    },
  };
}

/** The option `context`: one carrier, or several named carriers combined into one; undefined if it is left out. */
export function readContext(read: OptionReader): ContextCarrier | undefined {
  const value = read.raw('context');
  const path = `${read.path}.context`;
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) return readCarrier(value, path);
  const carriers = value.map((carrier, index) => readCarrier(carrier, `${path}[${index}]`) as NamedContextCarrier);
  for (const [index, { name }] of carriers.entries()) {
    if (typeof name !== 'string' || name === '')
      throw badOption(`${path}[${index}].name`, 'is missing', 'Add a name to each carrier of a list.');
    const first = carriers.findIndex((carrier) => carrier.name === name);
    if (first !== index)
      throw badOption(`${path}[${index}].name`, `is "${name}", as is that of context[${first}]`, 'Use a different name for each carrier.');
  }
  return carriers.length === 0 ? undefined : carryAll(carriers);
}

function readCarrier(value: unknown, path: string): ContextCarrier {
  const read = new OptionReader(value, path);
  read.raw('name');
  for (const key of ['capture', 'run']) {
    if (read.hook(key) === undefined) throw read.refuse(key, 'is missing', 'Implement both capture() and run(value, next).');
  }
  return value as ContextCarrier;
}
