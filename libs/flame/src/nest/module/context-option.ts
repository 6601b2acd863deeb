import { carryAll } from '../../core/call/context-carrier.js';
import type { ContextCarrier, NamedContextCarrier } from '../../core/call/context-carrier.js';
import { badOption, OptionReader } from '../../core/options/option-reader.js';

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
