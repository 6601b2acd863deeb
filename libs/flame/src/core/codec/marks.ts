import { C1 } from 'msgpackr';

/**
 * What MessagePack has no form for travels as an array that begins with the never-used byte 0xc1, then one of these
 * numbers, then what the comment says. `prepare.ts` writes marks, `revive.ts` reads them.
 *
 * Objects are numbered in the order in which both sides meet them, parents before children; `ref` points to such a number.
 */
export const mark = {
  /** The number of an object met before: shared references and cycles. */
  ref: 0,
  /** Nothing more. */
  minusZero: 1,
  /** UTF-16 bytes, for strings that UTF-8 cannot carry. */
  text: 2,
  /** Key, value, key, value: an object with keys that a MessagePack map would lose. */
  record: 3,
  /** Length, then key, value, …: an array with holes or named properties. */
  array: 4,
  /** Key, value, … */
  map: 5,
  /** Members. */
  set: 6,
  /** Source, flags. */
  regExp: 7,
  /** A primitive in its object. */
  boxed: 8,
  /** The place of its bytes in `root`. */
  arrayBuffer: 9,
  /** Constructor's name, place of its bytes in `root`, byte offset, length. */
  view: 10,
  /** Class name, [hidden key, value, …], [own key, value, …]. */
  error: 11,
  /** Class name, then own key, value, … */
  instance: 12,
  /** Class name, what the class's `encode` gave. */
  encoded: 13,
  /** The number that `replace` gave, and what it gave beside it, if anything. */
  replaced: 14,
  /** Only outermost: the value, then for each ArrayBuffer its first byte's offset and its bytes. */
  root: 15,
} as const;

export type Mark = readonly [typeof C1, number, ...unknown[]];

export function marked(kind: number, ...content: unknown[]): unknown[] {
  return [C1, kind, ...content];
}

export function isMark(value: readonly unknown[]): value is Mark {
  return value[0] === C1;
}
