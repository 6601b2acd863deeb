import type { Refusal } from './refusals.js';

export const unmade: Refusal = {
  what: 'an object that contains itself and whose class has an `encode`',
  fix: 'omit that reference from the result of `encode`',
};

export const detached: Refusal = { what: 'a detached ArrayBuffer', fix: 'pass it before it is transferred elsewhere' };

export function tooDeep(maxDepth: number): Refusal {
  return { what: `a value nested deeper than ${maxDepth} levels`, fix: 'pass it flat, for example as a list of nodes with ids' };
}
