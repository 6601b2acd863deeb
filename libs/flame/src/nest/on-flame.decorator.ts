import { Inject, Optional } from '@nestjs/common';
import { badOption, OptionReader, show } from '../core/option-reader.js';
import { FlameError } from '../core/flame-error.js';
import { appOf, bindTo, FlameApp } from './flame-app.js';
import { addDeclaration, methodName } from './declaration.js';
import type { Declaration, Method } from './declaration.js';
import { flameEnhancers } from './flame-enhancer.js';
import type { FlameEnhancer } from './flame-enhancer.js';
import { flameReturns, returnsOf, sayWhatItReturns } from './returns.js';
import type { FlameResult, FlameReturns } from './returns.js';

/** Options of `@OnFlame`. */
export interface OnFlameOptions {
  /**
   * The handler's name, unique in the app.
   *
   * @default Class.method
   */
  name?: string;
  /**
   * Time that the handler may run, in milliseconds, from when it is handed to a runner. Then the caller gets `FLAME_TIMEOUT` and the
   * handler's signal aborts. `Infinity` for no limit.
   *
   * @default the pool's `timeout`
   */
  timeout?: number;
  /**
   * Whether the work ends when its caller goes. With `false` it goes on, up to the pool's `shutdownTimeout`, also when the parent dies.
   *
   * @default true
   */
  link?: boolean;
  /**
   * Repeat a call that certainly did not run, for want of a runner (it could not be booted, or none was free in time): as many attempts in
   * all. With `idempotent`, also one that was lost with its runner.
   */
  retry?: { attempts: number };
  /**
   * The handler may run twice without harm: `retry` repeats also what may have run.
   *
   * @default false
   */
  idempotent?: boolean;
  /**
   * Nobody awaits the work: the method's promise resolves when a runner has taken it on, and what it throws goes to `onCastError`. For
   * methods that return `Promise<void>`.
   *
   * @default false
   */
  cast?: boolean;
  /**
   * What the method returns, where its code does not show it at run time: it is neither an async function nor an async generator, and its return type
   * is an interface such as `AsyncIterable`. A stream is begun when it is first read, of an Observable at each subscription.
   *
   * @default by the kind of function and the class of the return type
   */
  returns?: FlameReturns;
  /**
   * Keep the runner, and the slot, while resources (`FlameTrackable`) that the result handed out are held: its callers are given `FlameResource`s.
   *
   * @default the pool's `trackResources`
   */
  trackResources?: boolean;
  /**
   * Which of Nest's guards, interceptors and exception filters run around the handler on the runner: those of the method, of its class, and the
   * global ones. They see a context of type `'flame'`. A guard that says no is a ForbiddenException at the caller. Where the method is simply
   * called, on a runner or inside a handler, nothing runs around it.
   *
   * @default []
   */
  enhancers?: FlameEnhancer[];
}

/** Accepts only methods that return `R`. */
type MethodReturning<R> = <M extends (...args: never[]) => R>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => TypedPropertyDescriptor<M> | void;

/**
 * Runs the method on a runner of `pool`, on that runner's own instance of the class; its promise settles with what comes back. On a
 * runner, inside a handler, and on an instance that no app with a FlameModule made, the method simply runs.
 *
 * Decorators above `@OnFlame` run at the caller, those below it on the runner; the metadata of both stays visible.
 *
 * @throws {FlameError} FLAME_CONFIG when an option is bad; an unknown pool is found when the app starts.
 */
export function OnFlame(pool: string, options: OnFlameOptions & { cast: true }): MethodReturning<Promise<void>>;
export function OnFlame(pool: string, options?: OnFlameOptions & { cast?: false }): MethodReturning<FlameResult>;
export function OnFlame(pool: string, options: OnFlameOptions = {}): MethodReturning<FlameResult> {
  return (target, key, descriptor) => {
    const label = typeof target === 'function' ? `${target.name}.${String(key)}` : methodName(target, key);
    const method = descriptor?.value as Method | undefined;
    if (typeof target === 'function' || typeof method !== 'function') {
      throw new FlameError(
        'FLAME_CONFIG',
        `@OnFlame on ${label} needs a method of instances. Move it to a method that is neither static nor an accessor.`,
      );
    }
    const type: unknown = Reflect.getMetadata('design:returntype', target, key);
    const declaration = readDeclaration(pool, options, key, method, type, label);
    addDeclaration(target, declaration);
    bindInstancesOf(target);
    descriptor.value = wrap(declaration) as unknown as typeof descriptor.value;
    return descriptor;
  };
}

/** The method that callers see. It finds its app when it is called: by then the instance has one, whatever its scope. */
function wrap(declaration: Declaration): Method {
  const { method } = declaration;
  const wrapper = function (this: object, ...args: unknown[]): unknown {
    const app = appOf(this);
    return app === undefined || app.runsInPlace ? method.apply(this, args) : app.dispatch(this, declaration, args);
  };
  Object.defineProperty(wrapper, 'name', { value: method.name, configurable: true });
  Object.defineProperty(wrapper, 'length', { value: method.length, configurable: true });
  // Metadata that decorators below have put on the method is looked up along the prototype chain.
  return Object.setPrototypeOf(wrapper, method) as Method;
}

const appKey = Symbol('nestjs-flame:app');

/**
 * Lets Nest's own property injection bind each instance to its app, whatever its scope. The key is an accessor, so that instances carry no
 * trace of it and frozen ones work, too.
 */
function bindInstancesOf(prototype: object): void {
  if (appKey in prototype) return;
  Object.defineProperty(prototype, appKey, {
    set(this: object, app: unknown) {
      // A test's `useMocker` may have made up something.
      if (app instanceof FlameApp) bindTo(app, this);
    },
  });
  Inject(FlameApp)(prototype, appKey);
  Optional()(prototype, appKey);
}

function readDeclaration(
  pool: string,
  options: OnFlameOptions,
  key: string | symbol,
  method: Method,
  type: unknown,
  label: string,
): Declaration {
  const read = new OptionReader({ pool, ...options }, `@OnFlame on ${label}`);
  const declaration: Declaration = {
    key,
    pool: read.text('pool'),
    name: read.raw('name') === undefined ? undefined : read.text('name'),
    cast: read.flag('cast', false),
    returns: readReturns(read, method, type, label),
    trackResources: read.raw('trackResources') === undefined ? undefined : read.flag('trackResources', false),
    enhancers: readEnhancers(read),
    callOptions: {
      handlerTimeout: read.raw('timeout') === undefined ? undefined : read.duration('timeout', Infinity),
      linked: read.flag('link', true),
      retry: readRetry(read),
      idempotent: read.flag('idempotent', false),
    },
    method,
  };
  read.done();
  return declaration;
}

function readReturns(read: OptionReader, method: Method, type: unknown, label: string): FlameReturns | undefined {
  if (read.raw('returns') !== undefined) return read.choice('returns', flameReturns, 'promise');
  const returns = returnsOf(method, type);
  // An interface: the compiler writes down that there is a type, and not which.
  if (returns === undefined && type === Object)
    throw badOption(read.path, 'has a return type that leaves no trace at run time', sayWhatItReturns(label));
  return returns;
}

function readEnhancers(read: OptionReader): readonly FlameEnhancer[] {
  const given = read.raw('enhancers') ?? [];
  if (Array.isArray(given) && given.every((enhancer) => flameEnhancers.includes(enhancer))) return given;
  const shown = Array.isArray(given) ? given.map(show).join(', ') : show(given);
  throw read.refuse(
    'enhancers',
    `must be a list of 'guards', 'interceptors' and 'filters', but is ${shown}`,
    "Give for example ['guards'].",
  );
}

function readRetry(read: OptionReader): { attempts: number } | undefined {
  const given = read.raw('retry');
  if (given === undefined) return undefined;
  const inner = new OptionReader(given, `${read.path}.retry`);
  const attempts = inner.count('attempts', 1);
  inner.done();
  return { attempts };
}
