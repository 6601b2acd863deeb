import type { Settled } from '../../core/map/concurrent-map.js';
import type { OptionReader } from '../../core/options/option-reader.js';
import type { FlameCallOptions } from './call-options.js';

/** Options of `flame.map`. Those of `flame.call` hold for each item, and `signal` ends the whole map. */
export interface FlameMapOptions extends Omit<FlameCallOptions, 'returns' | 'onProgress'> {
  /**
   * The most items at a time: in a call, unread, or in the hands of the loop that reads the results. At least 1.
   *
   * @default the slots of the pool, `max × maxConcurrency`
   */
  concurrency?: number;
  /**
   * Whether results come in the order of the items. If false, they come as they complete.
   *
   * @default true
   */
  ordered?: boolean;
  /**
   * Whether each result says what became of its item, `{ status, value | reason, index }`, so that no item's failure ends the map.
   *
   * @default false
   */
  settle?: boolean;
  /** Called with each value of `FlameCall.current().progress(value)`, and the index of the item. An error that it throws is logged. */
  onProgress?(value: unknown, index: number): void;
}

/** What became of one item of `flame.map` with `settle`, as `Promise.allSettled` says it, with the index of the item. */
export type FlameSettled<R> = Settled<R>;

export interface ReadMapOptions {
  readonly concurrency: number;
  readonly ordered: boolean;
  readonly settle: boolean;
}

/** Checks the options that only `flame.map` has. */
export function readMapOptions(read: OptionReader, slots: number): ReadMapOptions {
  return { concurrency: read.count('concurrency', 1, slots), ordered: read.flag('ordered', true), settle: read.flag('settle', false) };
}
