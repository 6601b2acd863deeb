import { OptionReader } from '../../core/options/option-reader.js';

/** What `@OnFlame` says for all calls of a method, and a call's own options for that call. */
export interface HandlerOptions {
  /**
   * Repeats a call that certainly did not run, because no runner could be booted or none was free in time. `attempts` counts the first one,
   * too. With `idempotent`, a call that was lost with its runner is repeated as well.
   *
   * @default no second attempt
   */
  retry?: { attempts: number };
  /**
   * Whether the handler may safely run twice: `retry` then also repeats calls that may have run.
   *
   * @default false
   */
  idempotent?: boolean;
  /**
   * Keeps the runner and the slot while the caller holds resources (`FlameTrackable`) of the result; callers get them as `FlameResource`s.
   *
   * @default the pool's `trackResources`
   */
  trackResources?: boolean;
}

/** The option `trackResources`; undefined when it was left out. */
export function readTracking(read: OptionReader): boolean | undefined {
  return read.raw('trackResources') === undefined ? undefined : read.flag('trackResources', false);
}

/** The option `retry`; undefined when it was left out. */
export function readRetry(read: OptionReader): { attempts: number } | undefined {
  const given = read.raw('retry');
  if (given === undefined) return undefined;
  const inner = new OptionReader(given, `${read.path}.retry`);
  const attempts = inner.count('attempts', 1);
  inner.done();
  return { attempts };
}
