import { Injectable } from '@nestjs/common';
import { nearest } from '../../core/options/nearest.js';
import { badOption } from '../../core/options/option-reader.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { CallOptions } from '../../pool/calls/pending-call.js';
import type { Pool } from '../../pool/pool.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { methodName, poolDeclarations } from '../decorator/declaration.js';
import type { PoolDeclaration } from '../decorator/declaration.js';
import { Decoration } from '../decorator/decoration.js';
import type { Dispatcher } from '../decorator/decoration.js';
import { FlameParent } from './flame-parent.js';
import type { HandlerIndex } from '../handlers/handler-index.js';
import type { InPlaceSetup } from '../flame/in-place.js';
import { deliver } from '../decorator/returns.js';

/** The parts of an app that exist once its FlameModule has started. */
export interface OpenApp {
  readonly index: HandlerIndex;
  readonly pools: ReadonlyMap<string, Pool>;
  readonly inPlace: InPlaceSetup;
  /** Reports the failure of a cast, which has no caller any more. */
  readonly castFailed: (error: unknown, handler: string) => void;
}

/**
 * Sends the calls of decorated methods to their pools, for one Nest app. It has no dependencies, so that Nest can inject it into any
 * provider.
 */
@Injectable()
export class FlameApp implements Dispatcher<PoolDeclaration> {
  /** Whether this process is a runner. */
  readonly inRunner = FlameParent.get() !== null;
  readonly #whenOpen: Promise<OpenApp>;
  #opened!: (app: OpenApp) => void;
  #open: OpenApp | undefined;

  constructor() {
    this.#whenOpen = new Promise((resolve) => (this.#opened = resolve));
  }

  /** Whether decorated methods run where they are called: in a runner, and inside a handler. Runners never boot runners. */
  get runsInPlace(): boolean {
    return this.inRunner || Boolean(FlameCall.current()?.pool);
  }

  /** Resolves when the app's pools are open. */
  get whenOpen(): Promise<OpenApp> {
    return this.#whenOpen;
  }

  open(app: OpenApp): void {
    this.#open = app;
    this.#opened(app);
  }

  /** Sends a decorated method's call to its pool. Returns a promise or a stream, as the method does. */
  dispatch(instance: object, declaration: PoolDeclaration, args: unknown[]): unknown {
    const { returns } = declaration;
    if (returns === 'promise') return this.#send(instance, declaration, args, declaration.callOptions);
    const label = methodName(Object.getPrototypeOf(instance), declaration.key);
    return deliver(returns, label, (more) =>
      this.#send(instance, declaration, args, more ? { ...declaration.callOptions, ...more } : declaration.callOptions),
    );
  }

  #send(instance: object, declaration: PoolDeclaration, args: unknown[], options: CallOptions): Promise<unknown> {
    const open = this.#open;
    if (open === undefined) return Promise.reject(tooEarly(methodName(Object.getPrototypeOf(instance), declaration.key)));
    const handler = open.index.numberOf(instance, declaration);
    if (handler === undefined) return Promise.reject(notProvided(methodName(Object.getPrototypeOf(instance), declaration.key), instance));
    const pool = open.pools.get(declaration.pool)!;
    return declaration.cast ? pool.cast(handler, args, options) : pool.call(handler, args, options);
  }

  /** @throws {FlameError} FLAME_REFUSED before the app's pools are open. */
  opened(asker: string): OpenApp {
    if (this.#open === undefined) throw tooEarly(asker);
    return this.#open;
  }

  /** @throws {FlameError} FLAME_CONFIG when there is no such pool, FLAME_REFUSED before the app's pools are open. */
  pool(name: string, asker: string): Pool {
    const { pools } = this.opened(asker);
    const pool = pools.get(name);
    if (pool === undefined) throw unknownPool(asker, name, pools.keys());
    return pool;
  }
}

/** `@OnFlame`. */
export const onFlame = new Decoration('OnFlame', poolDeclarations, FlameApp);

export function unknownPool(asker: string, name: string, pools: Iterable<string>): FlameError {
  const known = [...pools];
  const near = nearest(name, known);
  const there = known.length === 0 ? 'This app has no pools' : `The pools of this app are ${known.map((pool) => `"${pool}"`).join(', ')}`;
  return badOption(
    asker,
    `names the pool "${name}", which does not exist`,
    `${near === undefined ? '' : `Did you mean "${near}"? `}${there}. ` +
      'Correct the name, or add the pool to FlameModule.forRoot or FlameModule.forFeature.',
  );
}

function tooEarly(asker: string): FlameError {
  return new FlameError(
    'FLAME_REFUSED',
    `${asker} was called before the app's pools were open: in a constructor or a provider's factory, or in a test whose module is not initialised. ` +
      `Call it in onModuleInit or later; in a test, await module.init() after compile().`,
  );
}

/** The error of a call on `instance`, whose class no module provides. `label` names the method or function of the call. */
export function notProvided(label: string, instance: object): FlameError {
  const { name } = (Object.getPrototypeOf(instance) as object).constructor;
  return new FlameError(
    'FLAME_DENIED',
    `${label} is not known to runners: no module provided ${name} when the app started. ` +
      `Add ${name} to the providers of a module that is imported, because LazyModuleLoader comes too late; if a request-scoped factory creates it, provide it under the class itself.`,
  );
}
