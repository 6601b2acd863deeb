import { MalformedError } from '../codec/codec.js';
import type { Codec } from '../codec/codec.js';

/** The arguments of a call for one item of a map with captured values, as they travel. */
export interface ItemRecord {
  /** The captured values, as one encoded array; the same bytes for all items. */
  readonly captured: Uint8Array;
  readonly item: unknown;
  readonly index: number;
}

/**
 * The arguments of the handler of an item: the captured values, the item and its index.
 *
 * @throws {MalformedError} if `value` is no `ItemRecord`
 */
export function itemArgs(value: unknown, codec: Codec): unknown[] {
  const { captured, item, index } = (value ?? {}) as Partial<ItemRecord>;
  const values = captured instanceof Uint8Array ? codec.decode(captured) : undefined;
  if (typeof index !== 'number' || !Array.isArray(values)) throw new MalformedError('malformed arguments');
  return [...(values as unknown[]), item, index];
}
