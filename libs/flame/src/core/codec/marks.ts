import { C1 } from 'msgpackr';

/**
 * The kinds of marks. A mark carries a value that MessagePack cannot express. It is an array of the byte 0xc1, which MessagePack never
 * uses, one of these numbers, and the content that the number's comment lists. `prepare.ts` writes marks, `revive.ts` reads them.
 *
 * Both sides number the objects in the order in which they meet them, parents before children. `ref` contains such a number.
 */
export const mark = {
  /** The number of an object that was met before: for shared references and cycles. */
  ref: 0,
  /** No content. */
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
  /** The primitive inside a wrapper object. */
  boxed: 8,
  /** The index of its bytes in `root`. */
  arrayBuffer: 9,
  /** Constructor's name, index of its bytes in `root`, byte offset, length. */
  view: 10,
  /** Class name, [hidden key, value, …], [own key, value, …]. */
  error: 11,
  /** Class name, then own key, value, … */
  instance: 12,
  /** Class name, result of the class's `encode`. */
  encoded: 13,
  /** The number that `replace` returned, then the value that it returned with the number, if any. */
  replaced: 14,
  /** Only as the outermost mark: the value, then for each ArrayBuffer the offset of its first byte, and its bytes. */
  root: 15,
} as const;

export type Mark = readonly [typeof C1, number, ...unknown[]];

export function marked(kind: number, ...content: unknown[]): unknown[] {
  return [C1, kind, ...content];
}

export function isMark(value: readonly unknown[]): value is Mark {
  return value[0] === C1;
}
