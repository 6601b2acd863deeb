import { Injectable, Logger } from '@nestjs/common';
import { FlameError } from '../core/errors/flame-error.js';
import { ofPools, readCallOptions, reading } from '../nest/flame/call-options.js';
import type { FlameCallOptions } from '../nest/flame/call-options.js';
import type { FlameApi } from '../nest/flame/flame-api.js';
import type { Class } from '../nest/handlers/provider-home.js';
import { deliver } from '../nest/decorator/returns.js';
import type { OnRegionOptions } from './on-region.decorator.js';
import { readAwaitReplica } from './replication/await-replica.js';
import type { RpcCallOptions } from './replication/await-replica.js';
import type { InstanceInfo } from './instances/instance-info.js';
import { RegionSession } from './session/region-session.js';
import type { RegionSessionOptions } from './session/region-session.js';
import type { Target } from './region-calls.js';
import { RpcApp } from './rpc-app.js';

/** Options of a call to another region: those of `flame.on` that need no runners. */
export type RegionCallOptions = Omit<FlameCallOptions, (typeof ofPools)[number]> & Pick<OnRegionOptions, 'awaitReplica'>;

/**
 * The region of this instance, the list of other instances, and calls to them. Such a call does not need `@OnRegion`, and may go to another
 * region than `@OnRegion` says. A class can be called if one of its methods has `@OnRegion`, or if it is in the module's `handlers`.
 */
@Injectable()
export class RegionRpc {
  readonly #app: RpcApp;

  constructor(app: RpcApp) {
    this.#app = app;
  }

  /** The region of this instance. */
  get myRegion(): string {
    return this.#app.where.myRegion;
  }

  /** The region of the writable database. */
  get primaryRegion(): string {
    return this.#app.where.primaryRegion;
  }

  /** Whether this instance is in the primary region. */
  get isPrimary(): boolean {
    return this.myRegion === this.primaryRegion;
  }

  /** The regions with an instance that answers; the region of this instance is the first. */
  regions(): readonly string[] {
    return [...new Set(this.instances().map(({ region }) => region))];
  }

  /** The instances that answer, of one region or of all; this instance is the first. */
  instances(region?: string): readonly InstanceInfo[] {
    const wanted = region === 'primary' ? this.primaryRegion : region;
    const { instances } = this.#app.opened('RegionRpc.instances()').calls;
    return wanted === undefined ? instances : instances.filter((instance) => instance.region === wanted);
  }

  /**
   * The service on an instance of `region`: `await rpc.on('hkg', PricesService, { timeout: 5_000 }).quote(item)`. `timeout` covers the call
   * from its beginning to its result.
   *
   * @throws {FlameError} FLAME_CONFIG for an invalid option, FLAME_DENIED for a class or method that cannot be reached.
   */
  on<T>(region: string, service: Class<T>, options: RegionCallOptions = {}): FlameApi<T> {
    const target = { region: region === 'primary' ? this.primaryRegion : region };
    return this.#proxy(target, service, options, `RegionRpc.on('${region}', ${service.name})`) as FlameApi<T>;
  }

  /** The same as `on`, in the primary region. */
  onPrimary<T>(service: Class<T>, options: RegionCallOptions = {}): FlameApi<T> {
    return this.#proxy({ region: this.primaryRegion }, service, options, `RegionRpc.onPrimary(${service.name})`) as FlameApi<T>;
  }

  /** The same as `on`, on the instance with this `id` in `instances()`. */
  onInstance<T>(id: string, service: Class<T>, options: RegionCallOptions = {}): FlameApi<T> {
    return this.#proxy({ instance: id }, service, options, `RegionRpc.onInstance('${id}', ${service.name})`) as FlameApi<T>;
  }

  /**
   * Sessions that read their own writes: a Nest middleware keeps the position of a request's writes in a signed cookie or header, and lets
   * the client's next request wait until the local replica has reached it. Calls to the primary region need no `awaitReplica` for that. Make
   * it once, for example in the constructor of a module.
   *
   * @throws {FlameError} FLAME_CONFIG for a missing secret or another bad option, and without `replicationClock`.
   */
  session(options: RegionSessionOptions): RegionSession {
    return new RegionSession(options, this.#app.replication, log);
  }

  #proxy(target: Target, service: Class, options: RegionCallOptions, asker: string): object {
    const app = this.#app;
    const { index } = app.opened(asker);
    const reach = index.reach(service);
    if (!reach)
      throw new FlameError(
        'FLAME_DENIED',
        `${asker}: ${service.name} cannot be reached on other instances. Put @OnRegion on one of its methods or name it in FlameRpcModule's handlers, and provide it in a module.`,
      );
    let awaitReplica: RpcCallOptions['awaitReplica'];
    const read = readCallOptions(options, `${asker} options`, ofPools, (more) => (awaitReplica = readAwaitReplica(more)));
    const given = awaitReplica === undefined ? read : { ...read, awaitReplica };
    return new Proxy(emptyTarget, {
      get(_, key) {
        const method = reach.get(key);
        if (!method) return absent(asker, key, [...reach.keys()]);
        const { number, declaration } = method;
        const callOptions: RpcCallOptions = declaration ? { ...declaration.callOptions, ...given } : given;
        const returns = given.returns ?? index.returns(number);
        return (...args: unknown[]) =>
          deliver(returns, index.name(number), (more) =>
            app.call(target, number, args, more ? { ...callOptions, ...reading(callOptions, more) } : callOptions),
          );
      },
    });
  }
}

const log = new Logger('FlameRpc');

const emptyTarget = Object.freeze({});

/** `await` reads `then`, and printing the object reads symbols: these must not throw. */
function absent(asker: string, key: string | symbol, methods: readonly (string | symbol)[]): undefined {
  if (typeof key === 'symbol' || key === 'then' || key === 'toJSON') return undefined;
  throw new FlameError(
    'FLAME_DENIED',
    `${asker}.${key} cannot be reached: it is not a method of the class. Its methods are: ${methods.map(String).join(', ')}.`,
  );
}
