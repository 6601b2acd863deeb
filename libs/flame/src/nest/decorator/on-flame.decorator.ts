import { OptionReader, show } from '../../core/options/option-reader.js';
import { flameEnhancers } from './declaration.js';
import type { FlameEnhancer, PoolDeclaration } from './declaration.js';
import { readReturns } from './decoration.js';
import type { DecoratedMethod, MethodReturning } from './decoration.js';
import { onFlame } from '../module/flame-app.js';
import type { FlameResult, FlameReturns } from './returns.js';
import { readRetry, readTracking } from './handler-options.js';
import type { HandlerOptions } from './handler-options.js';

/** Options of `@OnFlame`. */
export interface OnFlameOptions extends HandlerOptions {
  /**
   * The handler's name, unique in the app.
   *
   * @default Class.method; Class.method@Module if several classes of the app have the same name
   */
  name?: string;
  /**
   * How long the handler may run, in milliseconds, from when the call is sent to a runner. After that the caller gets `FLAME_TIMEOUT` and
   * the handler's signal aborts. `Infinity` for no limit.
   *
   * @default the pool's `handlerTimeout`
   */
  handlerTimeout?: number;
  /**
   * Whether the handler is aborted when its caller leaves or the parent dies. With `false` it goes on; after the parent's death for at most
   * `shutdownTimeout`.
   *
   * @default true
   */
  link?: boolean;
  /**
   * Makes each call a cast: the method's promise resolves when a runner has accepted the call, and errors go to `onCastError`. For methods
   * that return `Promise<void>`.
   *
   * @default false
   */
  cast?: boolean;
  /**
   * What the method returns, if its code does not show it at run time: a function that is neither `async` nor a generator, with an
   * interface such as `AsyncIterable` as its return type. A stream begins when it is first read, an Observable at each subscription.
   *
   * @default by the kind of function and the class of the return type
   */
  returns?: FlameReturns;
  /**
   * Which of Nest's guards, interceptors and exception filters run around the handler on the runner: those of the method, of its class, and
   * the global ones. They get a context of type `'flame'`. If a guard refuses, the caller gets a ForbiddenException. None run where the
   * method is called in place, on a runner or inside a handler.
   *
   * @default []
   */
  enhancers?: FlameEnhancer[];
}

/**
 * Runs the method on a runner of `pool`, on that runner's own instance of the class; its promise settles with the handler's result. On a
 * runner, inside a handler, and on an instance that no app with a FlameModule made, the method runs in place: as a part of the call around
 * it, with that call's deadline and signal, and without these options. There, `flame.on` makes a call of its own with the `handlerTimeout`
 * given here.
 *
 * Decorators above `@OnFlame` run at the caller, those below it on the runner; the metadata of both stays visible.
 *
 * @throws {FlameError} FLAME_CONFIG for a bad option; for an unknown pool when the app starts.
 */
export function OnFlame(pool: string, options: OnFlameOptions & { cast: true }): MethodReturning<Promise<void>>;
export function OnFlame(pool: string, options?: OnFlameOptions & { cast?: false }): MethodReturning<FlameResult>;
export function OnFlame(pool: string, options: OnFlameOptions = {}): MethodReturning<Promise<void>> | MethodReturning<FlameResult> {
  return <M>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<M>): never =>
    onFlame.decorate(target, key, descriptor, (found) => readDeclaration(pool, options, found)) as never;
}

function readDeclaration(pool: string, options: OnFlameOptions, found: DecoratedMethod): PoolDeclaration {
  const read = new OptionReader({ pool, ...options }, `@OnFlame on ${found.label}`);
  const declaration: PoolDeclaration = {
    key: found.key,
    pool: read.text('pool'),
    name: read.raw('name') === undefined ? undefined : read.text('name'),
    cast: read.flag('cast', false),
    returns: readReturns(read, found),
    trackResources: readTracking(read),
    enhancers: readEnhancers(read),
    callOptions: {
      handlerTimeout: read.raw('handlerTimeout') === undefined ? undefined : read.duration('handlerTimeout', Infinity),
      linked: read.flag('link', true),
      retry: readRetry(read),
      idempotent: read.flag('idempotent', false),
    },
    method: found.method,
  };
  read.done();
  return declaration;
}

function readEnhancers(read: OptionReader): readonly FlameEnhancer[] {
  const given = read.raw('enhancers') ?? [];
  if (Array.isArray(given) && given.every((enhancer) => flameEnhancers.includes(enhancer))) return given;
  const shown = Array.isArray(given) ? given.map(show).join(', ') : show(given);
  throw read.refuse(
    'enhancers',
    `must be a list of 'guards', 'interceptors' and 'filters', but is ${shown}`,
    "Pass for example ['guards'].",
  );
}
