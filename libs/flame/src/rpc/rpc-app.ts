import { Injectable } from '@nestjs/common';
import { FlameError } from '../core/errors/flame-error.js';
import { methodName } from '../nest/decorator/declaration.js';
import { Decoration } from '../nest/decorator/decoration.js';
import type { Dispatcher } from '../nest/decorator/decoration.js';
import type { HandlerIndex } from '../nest/handlers/handler-index.js';
import { deliver } from '../nest/decorator/returns.js';
import { runInPlace } from './in-place.js';
import type { RpcCallOptions } from './replication/await-replica.js';
import type { Replication } from './replication/replication.js';
import type { RegionInPlaceSetup } from './in-place.js';
import type { RegionCalls, Target } from './region-calls.js';
import { regionDeclarations } from './rpc-declaration.js';
import type { RegionChoice, RegionDeclaration } from './rpc-declaration.js';

/** The parts that exist when FlameRpcModule has been initialised. */
export interface OpenRpc {
  readonly index: HandlerIndex;
  readonly calls: RegionCalls;
  readonly inPlace: RegionInPlaceSetup;
}

/** The location of this instance. */
export interface Whereabouts {
  readonly instance: string;
  readonly myRegion: string;
  readonly primaryRegion: string;
}

/** Sends calls to methods with `@OnRegion` of one Nest app to an instance of their region. */
@Injectable()
export class RpcApp implements Dispatcher<RegionDeclaration> {
  readonly runsInPlace = false;
  #where: Whereabouts | undefined;
  #open: OpenRpc | undefined;
  #replication: Replication | undefined;

  /** Sets the location, and what waits for replicas. Called before any call. */
  locate(where: Whereabouts, replication: Replication): void {
    this.#where = where;
    this.#replication = replication;
  }

  open(open: OpenRpc): void {
    this.#open = open;
  }

  get where(): Whereabouts {
    return this.#where!;
  }

  get replication(): Replication {
    return this.#replication!;
  }

  dispatch(instance: object, declaration: RegionDeclaration, args: unknown[]): unknown {
    const label = methodName(Object.getPrototypeOf(instance) as object, declaration.key);
    const { callOptions, method, returns } = declaration;
    return deliver(returns, label, (more) =>
      this.#send(instance, declaration, label, args, more ? { ...callOptions, ...more } : callOptions, () => method.apply(instance, args)),
    );
  }

  async #send(
    instance: object,
    declaration: RegionDeclaration,
    label: string,
    args: unknown[],
    options: RpcCallOptions,
    here: () => unknown,
  ): Promise<unknown> {
    const { index, calls, inPlace } = this.opened(label);
    const region = this.region(declaration.region, args, label);
    if (region === this.where.myRegion) return this.replication.here(label, options, () => runInPlace(inPlace, label, options, here));
    const handler = index.numberOf(instance, declaration);
    if (handler === undefined) throw notProvided(label, instance);
    return calls.call({ region }, index.name(handler), args, options);
  }

  /** Runs handler `number` on the target, or here if this instance is the target. */
  call(target: Target, number: number, args: unknown[], options: RpcCallOptions): Promise<unknown> {
    const { index, calls, inPlace } = this.#open!;
    const { myRegion, instance } = this.where;
    const here = 'region' in target ? target.region === myRegion : target.instance === instance;
    const name = index.name(number);
    if (here) return this.replication.here(name, options, () => runInPlace(inPlace, name, options, () => index.runPlain(number, args)));
    return calls.call(target, name, args, options);
  }

  /** The region that a choice names. @throws {FlameError} FLAME_CONFIG when a function returns no name. */
  region(choice: RegionChoice, args: unknown[], label: string): string {
    const { primaryRegion } = this.where;
    const region: unknown = typeof choice === 'function' ? choice(args as never[]) : choice;
    if (typeof region !== 'string' || region === '')
      throw new FlameError(
        'FLAME_CONFIG',
        `@OnRegion on ${label}: its function must return the name of a region, but returned ${String(region)}`,
      );
    return region === 'primary' ? primaryRegion : region;
  }

  /** @throws {FlameError} FLAME_REFUSED before the app is initialised. */
  opened(asker: string): OpenRpc {
    if (this.#open !== undefined) return this.#open;
    throw new FlameError(
      'FLAME_REFUSED',
      `${asker} was called before the app's FlameRpcModule was up: in a constructor or a provider's factory, or in a test whose module is not initialised. ` +
        `Call it in onModuleInit or later; in a test, await module.init() after compile().`,
    );
  }
}

/** The decoration behind `@OnRegion`. */
export const onRegion = new Decoration('OnRegion', regionDeclarations, RpcApp);

function notProvided(label: string, instance: object): FlameError {
  const { name } = (Object.getPrototypeOf(instance) as object).constructor;
  return new FlameError(
    'FLAME_DENIED',
    `${label} is not known to other instances: no module provided ${name} when the app started. Add ${name} to a module's providers.`,
  );
}
