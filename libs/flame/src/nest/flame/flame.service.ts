import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { FlameError } from '../../core/errors/flame-error.js';
import type { CallOptions } from '../../pool/calls/pending-call.js';
import { callInPlace, castInPlace, isBounded } from './call-in-place.js';
import type { PlainCall } from './call-in-place.js';
import { ofPools, readCallOptions, reading } from './call-options.js';
import type { FlameCallOptions } from './call-options.js';
import { placeHere } from './child-in-place.js';
import { callInline, castInline } from './inline-call.js';
import { mapInline } from './inline-map.js';
import type { FlameMapOptions, FlameSettled } from './map-options.js';
import { markOf } from '../../inline/index.js';
import type { FlameApi, FlameCasts } from './flame-api.js';
import { FlameApp } from '../module/flame-app.js';
import { FlamePool } from './flame-pool.js';
import type { Reach } from '../handlers/handler-index.js';
import type { Class } from '../handlers/provider-home.js';
import { RemoteChild } from './remote-child.js';
import { deliver } from '../decorator/returns.js';
import type { Delivery } from '../decorator/returns.js';

/** The argument of a class's `onFlameStart`; undefined if it takes none. */
export type ChildArgs<T> = T extends { onFlameStart(...args: infer A): unknown } ? (A extends [] ? undefined : A[0]) : undefined;

/**
 * Options of `flame.placeChild`. `timeout` limits the placing only; without it, waiting has the pool's `queueTimeout` and `onFlameStart`
 * the pool's `handlerTimeout`. `signal` cancels the placing and, unless `link` is false, ends the child. `onProgress` is called with the
 * child's progress for as long as it lives.
 */
export type PlaceChildOptions = Omit<FlameCallOptions, 'returns' | (typeof ofPools)[number]>;

/**
 * Runs methods on runners with other options than their decorators': in another pool, with another timeout, with an AbortSignal. The class
 * must have a method with `@OnFlame`, or be listed in the module's `handlers`.
 */
@Injectable()
export class Flame {
  readonly #app: FlameApp;

  constructor(app: FlameApp) {
    this.#app = app;
  }

  /**
   * A proxy that calls the service's methods on a runner of `pool`: `await flame.on('ffmpeg', VideosService, { timeout: 5_000
   * }).thumbnails(video, 5)`.
   *
   * @throws {FlameError} FLAME_CONFIG for an unknown pool or a bad option, FLAME_DENIED for a class or method that cannot be reached.
   */
  on<T>(pool: string, service: Class<T>, options: FlameCallOptions = {}): FlameApi<T> {
    return this.#proxy(pool, service, options, 'on') as FlameApi<T>;
  }

  /**
   * Runs the inline function `fn` on a runner of `pool`, and returns its result: `await flame.call('ffmpeg', async () =>
   * this.store.put(await thumbnails(video)))`. The variables of enclosing functions that `fn` uses travel as values, as they are at the
   * call; `this` is the runner's instance of the class. An async generator gives an AsyncIterable. For another function that returns a
   * stream, the option `returns` says so.
   *
   * The compile step has to be on: `nestjs-flame/register`, `npx nestjs-flame compile`, `nestjs-flame/unplugin` or `nestjs-flame/jest`. On
   * a runner and inside a handler, `fn` runs in place.
   *
   * @throws {FlameError} FLAME_CONFIG for a function that was not compiled, an unknown pool or a bad option; FLAME_ENCODING for a captured
   * value that cannot cross; FLAME_DENIED for an instance whose class no module provides. A call that returns a promise rejects with it.
   */
  call<R extends Observable<unknown> | Readable | ReadableStream>(pool: string, fn: () => R, options?: FlameCallOptions): R;
  call<T>(pool: string, fn: () => AsyncIterable<T>, options?: FlameCallOptions): AsyncIterable<T>;
  call<R>(pool: string, fn: () => R, options?: FlameCallOptions): Promise<Awaited<R>>;
  call(pool: string, fn: () => unknown, options?: FlameCallOptions): unknown {
    return callInline(this.#app, pool, fn, options);
  }

  /**
   * The same without awaiting the end. With a class: a proxy like that of `on`, whose methods resolve when a runner has accepted the call.
   * With an inline function: resolves when a runner has accepted it. Errors go to `onCastError`.
   */
  cast<T>(pool: string, service: Class<T>, options?: FlameCallOptions): FlameCasts<T>;
  cast(pool: string, fn: () => unknown, options?: FlameCallOptions): Promise<void>;
  cast(pool: string, what: Class | (() => unknown), options?: FlameCallOptions): object {
    if (isClass(what)) return this.#proxy(pool, what, options ?? {}, 'cast');
    return castInline(this.#app, pool, what, options);
  }

  /**
   * Runs the inline function `fn` on runners of `pool` for each of `items`, at most `concurrency` at a time, and gives the results:
   * `for await (const text of flame.map('ocr', pages, async (page) => this.ocr.read(page))) …`. It begins with the first read, can be read
   * once, and holds the source back while the results are not read.
   *
   * `fn` gets the item and its index. The variables that it captures are encoded once, as they are at the call, and travel with each item.
   *
   * The first failure aborts the other calls. It is thrown after the results that could already be read, as the error that it is, with the
   * index of the item as its property `index`. With `settle` nothing is thrown, and each result is a `FlameSettled`. Leaving the loop aborts
   * the calls, too. In each case the source is ended with its `return()`.
   *
   * @throws {FlameError} FLAME_CONFIG, FLAME_DENIED and FLAME_ENCODING as `call` does, at once. Reading throws FLAME_ENCODING for an item
   * that cannot cross, FLAME_CANCELLED when the option `signal` aborts, the error of a source that throws, and what `call` rejects with.
   */
  map<T, R>(
    pool: string,
    items: Iterable<T | PromiseLike<T>> | AsyncIterable<T>,
    fn: (item: T, index: number) => R,
    options: FlameMapOptions & { settle: true },
  ): AsyncIterable<FlameSettled<Awaited<R>>>;
  map<T, R>(
    pool: string,
    items: Iterable<T | PromiseLike<T>> | AsyncIterable<T>,
    fn: (item: T, index: number) => R,
    options?: FlameMapOptions & { settle?: false },
  ): AsyncIterable<Awaited<R>>;
  map(pool: string, items: unknown, fn: (item: never, index: number) => unknown, options?: FlameMapOptions): AsyncIterable<unknown> {
    return mapInline(this.#app, pool, items, fn, options);
  }

  /**
   * Places a child: makes an instance of `type` on a runner of `pool`, with dependencies from that runner's container, and calls its
   * `onFlameStart` with `args`. The child lives and holds a slot until it ends. The class must have a method with `@OnFlame` or be listed
   * in the module's `handlers`; it need not be a provider.
   *
   * Rejects with the error of `onFlameStart`, or as any call if there is no runner.
   *
   * @throws {FlameError} FLAME_CONFIG for an unknown pool or a bad option, FLAME_DENIED for a class that cannot be placed.
   */
  async placeChild<T>(pool: string, type: Class<T>, args: ChildArgs<T>, options: PlaceChildOptions = {}): Promise<RemoteChild<T>> {
    const asker = `flame.placeChild('${pool}', ${type.name})`;
    const target = this.#app.pool(pool, asker);
    const found = this.#app.opened(asker).index.placeable(type);
    if (!found) throw unplaceableClass(asker, type);
    const given = readCallOptions(options, `${asker} options`, ['returns', ...ofPools]);
    const { inPlace } = this.#app.opened(asker);
    const child = this.#app.runsInPlace
      ? await placeHere(inPlace, { pool, type: found.place, args, options: given })
      : await target.place(found.number, args, given);
    return new RemoteChild<T>(child, found.place);
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
    const { index, castFailed, inPlace } = app.opened(asker);
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
        const name = index.name(number);
        const bounded = isBounded(callOptions);
        const here = (args: unknown[], options: CallOptions): PlainCall => ({
          name,
          pool: poolName,
          options,
          run: () => index.runPlain(number, args),
        });
        const call = (args: unknown[], more?: Delivery): Promise<unknown> => {
          if (app.runsInPlace && !bounded) return runHere(() => index.runPlain(number, args));
          const options = more ? reading(callOptions, more) : callOptions;
          return app.runsInPlace ? callInPlace(inPlace, here(args, options)) : pool.call(number, args, options);
        };
        if (mode === 'on') {
          if (returns === 'promise') return (...args: unknown[]) => call(args);
          return (...args: unknown[]) => deliver(returns, name, (more) => call(args, more));
        }
        return async (...args: unknown[]): Promise<void> => {
          if (!app.runsInPlace) return pool.cast(number, args, callOptions);
          // A cast's caller waits for the start and not for the end, also in place.
          const failed = (error: unknown): void => castFailed(error, name);
          if (bounded) return castInPlace(inPlace, here(args, callOptions), failed);
          runHere(() => index.runPlain(number, args)).catch(failed);
        };
      },
    });
  }
}

const emptyTarget = Object.freeze({});

/** An arrow, async or generator function is no constructor; that of a plain function, if it is one, has nothing on its prototype. */
function isClass(what: Class | (() => unknown)): what is Class {
  if (markOf(what)) return false;
  const prototype = Object.getOwnPropertyDescriptor(what, 'prototype');
  return prototype !== undefined && (!prototype.writable || Reflect.ownKeys(prototype.value as object).length > 1);
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

function unplaceableClass(asker: string, type: Class): FlameError {
  return new FlameError(
    'FLAME_DENIED',
    `${asker}: children of ${type.name} cannot be placed on runners. Name ${type.name} in FlameModule's handlers, or put @OnFlame on one of its methods and provide it in a module.`,
  );
}

/** `await` asks for `then`; printing the object asks for symbols and `toJSON`. */
function absent(asker: string, key: string | symbol, reach: Reach): undefined {
  if (typeof key === 'symbol' || key === 'then' || key === 'toJSON') return undefined;
  const there = [...reach.keys()].map(String).join(', ');
  throw new FlameError(
    'FLAME_DENIED',
    `${asker}.${key} cannot be reached on runners: it is not a method of the class. Its methods are: ${there}.`,
  );
}
