import { OptionReader, show } from '../../core/options/option-reader.js';
import type { PoolDeclaration } from './declaration.js';
import { readReturns } from './decoration.js';
import type { DecoratedMethod, MethodReturning } from './decoration.js';
import { onFlame } from '../module/flame-app.js';
import { flameEnhancers } from '../handlers/flame-enhancer.js';
import type { FlameEnhancer } from '../handlers/flame-enhancer.js';
import type { FlameResult, FlameReturns } from './returns.js';

/** Options of `@OnFlame`. */
export interface OnFlameOptions {
  /**
   * The handler's name, unique in the app.
   *
   * @default Class.method, and Class.method@Module where several classes of the app have one name
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

/**
 * Runs the method on a runner of `pool`, on that runner's own instance of the class; its promise settles with what comes back. On a
 * runner, inside a handler, and on an instance that no app with a FlameModule made, the method simply runs: as a part of the call around, with that
 * call's time and signal, and without these options. `flame.on` makes a call of its own there, with the `timeout` that is given here.
 *
 * Decorators above `@OnFlame` run at the caller, those below it on the runner; the metadata of both stays visible.
 *
 * @throws {FlameError} FLAME_CONFIG when an option is bad; an unknown pool is found when the app starts.
 */
export function OnFlame(pool: string, options: OnFlameOptions & { cast: true }): MethodReturning<Promise<void>>;
export function OnFlame(pool: string, options?: OnFlameOptions & { cast?: false }): MethodReturning<FlameResult>;
export function OnFlame(pool: string, options: OnFlameOptions = {}): MethodReturning<FlameResult> {
  return (target, key, descriptor) => onFlame.decorate(target, key, descriptor, (found) => readDeclaration(pool, options, found));
}

function readDeclaration(pool: string, options: OnFlameOptions, found: DecoratedMethod): PoolDeclaration {
  const read = new OptionReader({ pool, ...options }, `@OnFlame on ${found.label}`);
  const declaration: PoolDeclaration = {
    key: found.key,
    pool: read.text('pool'),
    name: read.raw('name') === undefined ? undefined : read.text('name'),
    cast: read.flag('cast', false),
    returns: readReturns(read, found),
    trackResources: read.raw('trackResources') === undefined ? undefined : read.flag('trackResources', false),
    enhancers: readEnhancers(read),
    callOptions: {
      handlerTimeout: read.raw('timeout') === undefined ? undefined : read.duration('timeout', Infinity),
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
