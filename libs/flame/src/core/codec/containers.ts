import { types } from 'node:util';

/** Whether a value is an instance of a built-in class whose content is not in properties, or of a subclass of one. */
export function isContainer(value: object): boolean {
  return (
    Array.isArray(value) ||
    types.isMap(value) ||
    types.isSet(value) ||
    types.isDate(value) ||
    types.isRegExp(value) ||
    types.isAnyArrayBuffer(value) ||
    ArrayBuffer.isView(value) ||
    types.isBoxedPrimitive(value)
  );
}

/** Whether an array has neither holes nor named properties. `Object.values` checks both without making strings of the indices. */
export function isDense(value: readonly unknown[]): boolean {
  if (Object.values(value).length !== value.length) return false;
  // Equal numbers of named properties and holes cancel out.
  return !value.includes(undefined) || Object.keys(value).every((key, index) => key === String(index));
}
