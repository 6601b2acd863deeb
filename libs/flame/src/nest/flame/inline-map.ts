import type { CallSite } from '../../core/call/call-site.js';
import { ConcurrentMap } from '../../core/map/concurrent-map.js';
import { ItemArgs } from '../../pool/calls/item-args.js';
import type { CallOptions } from '../../pool/calls/pending-call.js';
import type { FlameApp } from '../module/flame-app.js';
import { callInPlace } from './call-in-place.js';
import { readCallOptions } from './call-options.js';
import { inlineTarget } from './inline-target.js';
import type { InlineTarget } from './inline-target.js';
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
  const target = inlineTarget(app, pool, fn, asker, mapInline);
  const items = itemsOf(given, asker);
  let rules!: ReadMapOptions;
  const callOptions = readCallOptions(
    options,
    `${asker} options`,
    ['returns'],
    (read) => (rules = readMapOptions(read, target.pool.slots)),
  );
  const { signal, onProgress, ...others } = callOptions as CallOptions & { onProgress?: FlameMapOptions['onProgress'] };
  const site: CallSite = {};
  Error.captureStackTrace(site, mapInline);
  const run = target.handler === undefined ? runHere(target, fn) : runThere(target, target.handler, callOptions.retry !== undefined);
  const { listeners } = target.open.inPlace;
  const setup = { name: `flame.map('${pool}', ${target.name})`, ...rules, signal, listeners, site };
  let same: CallOptions | undefined;
  return new ConcurrentMap(items, (item, index, signal) => run(item, index, optionsFor(index, signal)), setup);

  function optionsFor(index: number, signal: AbortSignal): CallOptions {
    const options = (same ??= { ...others, signal, site });
    return onProgress ? { ...options, onProgress: (value) => onProgress(value, index) } : options;
  }
}

type Run = (item: unknown, index: number, options: CallOptions) => Promise<unknown>;

function runHere({ name, pool, open, self }: InlineTarget, fn: ItemBody): Run {
  return (item, index, options) =>
    callInPlace(open.inPlace, { name, pool: pool.name, options, run: () => Reflect.apply(fn, self, [item, index]) });
}

function runThere({ pool, captured: values }: InlineTarget, handler: number, repeats: boolean): Run {
  const captured = values.length > 0 ? pool.encodeShared(handler, values) : undefined;
  return (item, index, options) => {
    const args = new ItemArgs(captured, item, index);
    return pool.call(handler, repeats ? pool.encode(handler, args) : args, options);
  };
}
