import { badOption, OptionReader } from '../options/option-reader.js';

/**
 * Lets something of the caller's context travel with its calls: `capture` looks at the parent when a call is made, `run` gives it back
 * around the handler on the runner. What the two share is usually an AsyncLocalStorage.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- both a result and a parameter
export interface ContextCarrier<T = any> {
  /**
   * Called where and when a call is made, for a stream when it is read; what it throws fails the call. What it returns must be able to
   * cross, as arguments must. With `undefined` nothing travels with that call, and `run` is not called.
   */
  capture(): T | undefined;
  /** Must call `next` once, before it returns, in the context made of `value`. What it throws before that fails the call. */
  run(value: T, next: () => void): void;
}

/** One of several: `name` tells its value from the others' on the wire, and in errors. */
export interface NamedContextCarrier extends ContextCarrier {
  name: string;
}

/** Several carriers as one: each gets back what it captured, the first one outermost. Their names are different. */
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
      const enter = (place: number): void => {
        const carrier = carriers[place];
        if (carrier === undefined) next();
        else if (Object.hasOwn(values, carrier.name)) carrier.run(values[carrier.name], () => enter(place + 1));
        else enter(place + 1);
      };
      enter(0);
    },
  };
}

/** The option `context`: one carrier, or several with names, as one; undefined when it was left out. */
export function readContext(read: OptionReader): ContextCarrier | undefined {
  const value = read.raw('context');
  const path = `${read.path}.context`;
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) return readCarrier(value, path);
  const carriers = value.map((carrier, place) => readCarrier(carrier, `${path}[${place}]`) as NamedContextCarrier);
  for (const [place, { name }] of carriers.entries()) {
    if (typeof name !== 'string' || name === '')
      throw badOption(`${path}[${place}].name`, 'is missing', 'Give each carrier of a list a name.');
    const first = carriers.findIndex((carrier) => carrier.name === name);
    if (first !== place)
      throw badOption(`${path}[${place}].name`, `is "${name}", as is that of context[${first}]`, 'Give each carrier a name of its own.');
  }
  return carriers.length === 0 ? undefined : carryAll(carriers);
}

function readCarrier(value: unknown, path: string): ContextCarrier {
  const read = new OptionReader(value, path);
  read.raw('name');
  for (const key of ['capture', 'run']) {
    if (read.hook(key) === undefined) throw read.refuse(key, 'is missing', 'Give both capture() and run(value, next).');
  }
  return value as ContextCarrier;
}
