import { Injectable } from '@nestjs/common';
import { FlameError } from '../core/flame-error.js';
import { OptionReader } from '../core/option-reader.js';
import type { CallOptions } from '../parent/pending-call.js';
import { FlameApp } from './flame-app.js';
import { FlamePool } from './flame-pool.js';
import type { Reach } from './handler-index.js';
import type { Class } from './provider-home.js';
import { deliver, flameReturns } from './returns.js';
import type { Delivery, FlameResult, FlameReturns } from './returns.js';

/** The methods of `T` that can run elsewhere: the asynchronous ones, and those that stream. */
export type FlameApi<T> = { readonly [K in keyof T as T[K] extends (...args: never[]) => FlameResult ? K : never]: T[K] };

/** The asynchronous methods, as casts: their promises resolve when a runner has taken the work on. */
export type FlameCasts<T> = {
  readonly [K in keyof T as T[K] extends (...args: never[]) => Promise<unknown> ? K : never]: T[K] extends (...args: infer A) => unknown
    ? (...args: A) => Promise<void>
    : never;
};

/** Options of `flame.on` and `flame.cast`; left out, the method's `@OnFlame` counts, then the pool. */
export interface FlameCallOptions {
  /** Time for waiting, booting and running together, in milliseconds. Left out, each has its own clock. */
  timeout?: number;
  /** Ends the call: while it waits at once, while it runs by aborting the handler's signal. */
  signal?: AbortSignal;
  /**
   * Whether the work ends when its caller goes.
   *
   * @default true
   */
  link?: boolean;
  /** Told what the handler gives to `FlameCall.current().progress`, in its order and before the result. What it throws is logged. */
  onProgress?: (value: unknown) => void;
  /**
   * What the methods called through this proxy return, where their code does not show it at run time.
   *
   * @default what `@OnFlame` says, or the kind of function and the class of the return type
   */
  returns?: FlameReturns;
}

/**
 * Runs methods on runners without, or against, their decorators: in another pool, with another timeout, with an AbortSignal. The class
 * must have a method with `@OnFlame`, or be named in the module's `handlers`.
 */
@Injectable()
export class Flame {
  readonly #app: FlameApp;

  constructor(app: FlameApp) {
    this.#app = app;
  }

  /**
   * The service as it is on a runner of `pool`: `await flame.on('ffmpeg', VideosService, { timeout: 5_000 }).thumbnails(video, 5)`.
   *
   * @throws {FlameError} FLAME_CONFIG for an unknown pool or a bad option, FLAME_DENIED for a class or method that cannot be reached.
   */
  on<T>(pool: string, service: Class<T>, options: FlameCallOptions = {}): FlameApi<T> {
    return this.#proxy(pool, service, options, 'on') as FlameApi<T>;
  }

  /** The same for work that nobody awaits: each method resolves when a runner has taken it on; failures go to `onCastError`. */
  cast<T>(pool: string, service: Class<T>, options: FlameCallOptions = {}): FlameCasts<T> {
    return this.#proxy(pool, service, options, 'cast') as FlameCasts<T>;
  }

  /** @throws {FlameError} FLAME_CONFIG when there is no such pool. */
  pool(name: string): FlamePool {
    this.#app.pool(name, 'flame.pool()');
    return new FlamePool(name, this.#app);
  }

  #proxy(poolName: string, service: Class, options: FlameCallOptions, mode: 'on' | 'cast'): object {
    const asker = `flame.${mode}('${poolName}', ${service.name})`;
    const app = this.#app;
    const pool = app.pool(poolName, asker);
    const { index, castFailed } = app.opened(asker);
    const reach = index.reach(service);
    if (!reach) throw unreachableClass(asker, service);
    const given = readCallOptions(options, `${asker} options`);
    return new Proxy(emptyTarget, {
      get(_, key) {
        const method = reach.get(key);
        if (!method) return absent(asker, key, reach);
        const { number, declaration } = method;
        const callOptions = declaration ? { ...declaration.callOptions, ...given } : given;
        const returns = given.returns ?? index.returns(number);
        const call = (args: unknown[], more?: Delivery): Promise<unknown> => {
          if (app.runsInPlace) return runHere(() => index.invoke(number, args));
          return pool.call(number, args, more ? reading(callOptions, more) : callOptions);
        };
        if (mode === 'on') {
          if (returns === 'promise') return (...args: unknown[]) => call(args);
          return (...args: unknown[]) => deliver(returns, index.name(number), (more) => call(args, more));
        }
        return (...args: unknown[]): Promise<void> => {
          if (!app.runsInPlace) return pool.cast(number, args, callOptions);
          // In place, too, a cast's caller waits for the start and not for the end.
          call(args).catch((error: unknown) => castFailed(error, index.name(number)));
          return Promise.resolve();
        };
      },
    });
  }
}

const emptyTarget = Object.freeze({});

function readCallOptions(options: FlameCallOptions, path: string): CallOptions & { returns?: FlameReturns } {
  const read = new OptionReader(options, path);
  const given: CallOptions & { returns?: FlameReturns } = {};
  if (read.raw('timeout') !== undefined) given.timeout = read.duration('timeout', Infinity);
  if (read.raw('link') !== undefined) given.linked = read.flag('link', true);
  const signal = read.raw('signal');
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw read.refuse('signal', 'must be an AbortSignal', 'Give the signal of an AbortController.');
  if (signal) given.signal = signal;
  const onProgress = read.hook<(value: unknown) => void>('onProgress');
  if (onProgress) given.onProgress = onProgress;
  if (read.raw('returns') !== undefined) given.returns = read.choice('returns', flameReturns, 'promise');
  read.done();
  return given;
}

function reading(options: CallOptions, { reads, signal }: Delivery): CallOptions {
  return { ...options, reads, signal: options.signal ? AbortSignal.any([options.signal, signal]) : signal };
}

async function runHere(run: () => unknown): Promise<unknown> {
  return run();
}

function unreachableClass(asker: string, service: Class): FlameError {
  return new FlameError(
    'FLAME_DENIED',
    `${asker}: ${service.name} cannot be reached on runners. Put @OnFlame on one of its methods or name it in FlameModule's handlers, and provide it in a module.`,
  );
}

/** `then` is asked for by `await`, symbols by whoever prints the object. */
function absent(asker: string, key: string | symbol, reach: Reach): undefined {
  if (typeof key === 'symbol' || key === 'then' || key === 'toJSON') return undefined;
  const there = [...reach.keys()].map(String).join(', ');
  throw new FlameError(
    'FLAME_DENIED',
    `${asker}.${key} cannot be reached on runners: it is not a method of the class. Its methods are: ${there}.`,
  );
}
