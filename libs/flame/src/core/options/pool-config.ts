import { OptionReader, show } from './option-reader.js';
import type { PoolHookMeta, PoolLogLevel, PoolOptions } from './pool-options.js';
import type { PoolRules } from '../pool/rules.js';
import type { RunnerChoice } from './runner-choice.js';

/** The options of a pool, checked and with their defaults. */
export interface PoolConfig<Backend = unknown> extends PoolRules {
  readonly backend: Backend | undefined;
  readonly log: PoolLogLevel | false;
  readonly logStartup: boolean;
  readonly handlerTimeout: number;
  readonly queueTimeout: number;
  /** Called on the runner before it may stop for idleness. */
  readonly idleCheck: (() => boolean | Promise<boolean>) | undefined;
  readonly onGrowStart: ((meta: PoolHookMeta) => void) | undefined;
  readonly onGrowEnd: ((result: 'ok' | Error, meta: PoolHookMeta) => void) | undefined;
  readonly onShrink: ((meta: PoolHookMeta) => void) | undefined;
  readonly processes: number | 'auto';
  readonly trackResources: boolean;
  readonly minBoot: 'required' | 'degrade';
}

/** The defaults, as `PoolOptions` documents them; a test compares the two. */
export const poolDefaults = {
  min: 0,
  maxConcurrency: 100,
  processes: 1,
  singleUse: false,
  log: false,
  logStartup: false,
  handlerTimeout: 30_000,
  bootTimeout: 30_000,
  shutdownTimeout: 30_000,
  idleShutdownAfter: 30_000,
  minIdleShutdownAfter: Infinity,
  trackResources: false,
  maxQueue: 10_000,
  headroom: 0,
  strategy: 'spread',
  maxLifetime: Infinity,
  minBoot: 'required',
} as const satisfies Partial<PoolOptions>;

/**
 * Checks the options of one pool and adds the defaults. `path` is the start of the path in error messages, for example `forRoot pools[0]`.
 *
 * @throws {FlameError} FLAME_CONFIG that names the option's path and the fix.
 */
export function readPoolOptions<Backend>(options: PoolOptions<Backend>, path: string): PoolConfig<Backend> {
  const read = new OptionReader(options, path);
  const name = read.text('name');
  const min = read.count('min', 0, poolDefaults.min);
  const max = read.count('max', 1);
  if (min > max) throw read.refuse('min', `is ${min}, more than max, which is ${max}`, 'Raise max or lower min.');
  const bootTimeout = read.duration('bootTimeout', poolDefaults.bootTimeout);
  const idle = readIdle(read);
  const config: PoolConfig<Backend> = {
    name,
    min,
    max,
    maxConcurrency: read.count('maxConcurrency', 1, poolDefaults.maxConcurrency),
    singleUse: read.flag('singleUse', poolDefaults.singleUse),
    backend: read.raw('backend') as Backend | undefined,
    log: readLog(read),
    logStartup: read.flag('logStartup', poolDefaults.logStartup),
    handlerTimeout: read.duration('handlerTimeout', poolDefaults.handlerTimeout),
    bootTimeout,
    queueTimeout: read.duration('queueTimeout', bootTimeout),
    shutdownTimeout: read.duration('shutdownTimeout', poolDefaults.shutdownTimeout, true),
    idleAfter: idle.after,
    idleCheck: idle.check,
    minIdleAfter: read.duration('minIdleShutdownAfter', poolDefaults.minIdleShutdownAfter, true),
    onGrowStart: read.hook('onGrowStart'),
    onGrowEnd: read.hook('onGrowEnd'),
    onShrink: read.hook('onShrink'),
    processes: read.raw('processes') === 'auto' ? 'auto' : read.count('processes', 1, poolDefaults.processes),
    trackResources: read.flag('trackResources', poolDefaults.trackResources),
    maxQueue: read.count('maxQueue', 0, poolDefaults.maxQueue),
    headroom: read.count('headroom', 0, poolDefaults.headroom),
    strategy: readStrategy(read),
    maxLifetime: read.duration('maxLifetime', poolDefaults.maxLifetime),
    minBoot: read.choice('minBoot', ['required', 'degrade'], poolDefaults.minBoot),
  };
  read.done();
  return config;
}

/**
 * Checks a pool's new size.
 *
 * @throws {FlameError} FLAME_CONFIG when `min` is above `max`, or either is not a whole number in its range.
 */
export function readPoolSize(
  size: { min?: number; max?: number },
  now: { min: number; max: number },
  path: string,
): { min: number; max: number } {
  const read = new OptionReader(size, path);
  const min = read.count('min', 0, now.min);
  const max = read.count('max', 1, now.max);
  read.done();
  if (min > max) throw read.refuse('min', `is ${min}, more than max, which is ${max}`, 'Raise max or lower min.');
  return { min, max };
}

function readIdle(read: OptionReader): { after: number; check: PoolConfig['idleCheck'] } {
  const value = read.raw('idleShutdownAfter') ?? poolDefaults.idleShutdownAfter;
  if (typeof value !== 'object') return { after: read.checkDuration(value, 'idleShutdownAfter', true), check: undefined };
  const inner = new OptionReader(value, `${read.path}.idleShutdownAfter`);
  const after = inner.duration('after', poolDefaults.idleShutdownAfter, true);
  const check = inner.hook<() => boolean | Promise<boolean>>('check');
  inner.done();
  return { after, check };
}

function readLog(read: OptionReader): PoolLogLevel | false {
  const value = read.raw('log') ?? poolDefaults.log;
  if (value === false) return false;
  return read.choice<PoolLogLevel>('log', ['debug', 'log', 'warn', 'error'], 'debug');
}

function readStrategy(read: OptionReader): RunnerChoice {
  const value = read.raw('strategy') ?? poolDefaults.strategy;
  if (value === 'spread' || value === 'pack' || typeof value === 'function') return value as RunnerChoice;
  throw read.refuse('strategy', `must be 'spread', 'pack' or a function, but is ${show(value)}`, "Omit it for 'spread'.");
}
