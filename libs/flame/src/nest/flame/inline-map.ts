import { ConcurrentMap } from '../../core/map/concurrent-map.js';
import { ItemArgs } from '../../pool/calls/item-args.js';
import type { CallOptions } from '../../pool/calls/pending-call.js';
import type { Mark } from '../../inline/index.js';
import type { FlameApp } from '../module/flame-app.js';
import { callInPlace } from './call-in-place.js';
import { readCallOptions } from './call-options.js';
import { notKnown, readMark } from './inline-errors.js';
import { itemsOf } from './map-items.js';
import { readMapOptions } from './map-options.js';
import type { FlameMapOptions, ReadMapOptions } from './map-options.js';

/** A function that is given to `flame.map`. */
export type ItemBody = (item: never, index: number) => unknown;

/**
 * Runs an inline function on runners for each item, and gives the results. The captured values are read and encoded now; the items are taken
 * from the first read on.
 */
export function mapInline(
  app: FlameApp,
  pool: string,
  given: unknown,
  fn: ItemBody,
  options: FlameMapOptions = {},
): ConcurrentMap<unknown, unknown> {
  const asker = `flame.map('${pool}', …)`;
  const mark = readMark(fn, asker);
  const target = app.pool(pool, asker);
  const items = itemsOf(given, asker);
  let rules!: ReadMapOptions;
  const callOptions = readCallOptions(options, `${asker} options`, ['returns'], (read) => (rules = readMapOptions(read, target.slots)));
  const run = app.runsInPlace ? runHere(app, pool, mark, fn) : runThere(app, pool, mark, asker, callOptions.retry !== undefined);
  const { listeners } = app.opened(asker).inPlace;
  const { signal, onProgress } = callOptions as CallOptions & { onProgress?: FlameMapOptions['onProgress'] };
  const name = `flame.map('${pool}', ${mark.id})`;
  return new ConcurrentMap(items, (item, index, signal) => run(item, index, optionsFor(index, signal)), {
    name,
    ...rules,
    signal,
    listeners,
  });

  function optionsFor(index: number, itemSignal: AbortSignal): CallOptions {
    const own: CallOptions = { ...callOptions, signal: itemSignal };
    if (onProgress) own.onProgress = (value) => onProgress(value, index);
    return own;
  }
}

type Run = (item: unknown, index: number, options: CallOptions) => Promise<unknown>;

function runHere(app: FlameApp, pool: string, { captures, id }: Mark, fn: ItemBody): Run {
  const { inPlace } = app.opened('flame.map');
  const self = captures?.()[0];
  return (item, index, options) => callInPlace(inPlace, { name: id, pool, options, run: () => Reflect.apply(fn, self, [item, index]) });
}

function runThere(app: FlameApp, poolName: string, mark: Mark, asker: string, repeats: boolean): Run {
  const pool = app.pool(poolName, asker);
  const [self, ...values] = mark.captures?.() ?? [undefined];
  const handler = app.opened(asker).index.numberOfInline(mark, self);
  if (handler === undefined) throw notKnown(mark, self, asker, mapInline);
  const captured = values.length > 0 ? pool.encodeShared(handler, values) : undefined;
  return async (item, index, options) => {
    const args = new ItemArgs(captured, item, index);
    return pool.call(handler, repeats ? pool.encode(handler, args) : args, options);
  };
}
