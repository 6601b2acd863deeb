import { types } from 'node:util';

/** Whether it is a built-in whose content the engine keeps, or of a class below one. */
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

/** Neither holes nor named properties. `Object.values` looks at both without making strings of the indices. */
export function isDense(value: readonly unknown[]): boolean {
  if (Object.values(value).length !== value.length) return false;
  // As many named properties as holes make up for each other.
  return !value.includes(undefined) || Object.keys(value).every((key, index) => key === String(index));
}
