import { OptionReader, show } from '../core/options/option-reader.js';
import { readReturns } from '../nest/decorator/decoration.js';
import type { DecoratedMethod, MethodReturning } from '../nest/decorator/decoration.js';
import type { FlameResult, FlameReturns } from '../nest/decorator/returns.js';
import { readAwaitReplica } from './replication/await-replica.js';
import type { AwaitReplica } from './replication/await-replica.js';
import { onRegion } from './rpc-app.js';
import type { RegionChoice, RegionDeclaration } from './rpc-declaration.js';

/** Options of `@OnRegion`. */
export interface OnRegionOptions {
  /**
   * The handler's name, unique in the app, and the same in all versions of the app that call each other.
   *
   * @default Class.method, and Class.method@Module where several classes of the app have one name
   */
  name?: string;
  /**
   * Time for the call, in milliseconds, from its beginning to its result, or for a stream to its end. After it, the caller gets
   * `FLAME_TIMEOUT` and the method's signal aborts. `Infinity` for no limit.
   *
   * @default the module's `timeout`, 5_000
   */
  timeout?: number;
  /**
   * Whether the work ends together with its caller. With `false` it continues, for at most `shutdownTimeout`, even if the calling instance
   * dies.
   *
   * @default true
   */
  link?: boolean;
  /**
   * In a region other than the primary one: the call's promise settles only when the local replica has what the method wrote, so that the
   * next local read sees it. For a result with streams this holds for their ends. Only for methods of the primary region; takes the module's
   * `replicationClock`.
   *
   * @default the call does not wait
   */
  awaitReplica?: AwaitReplica;
  /** The kind of the method's result, if the code does not show it at run time, as for `@OnFlame`. */
  returns?: FlameReturns;
}

/**
 * Runs the method on an instance of `region`, on that instance's own copy of the service. The instance is a random one of those that
 * answer. If this instance is in that region, the method runs here, with the same timeout. `'primary'` is the primary region. A function
 * gets the call's arguments as a list and returns the name of the region.
 *
 * If no app with a FlameRpcModule created the service, the method runs in place. On a pool's runner it behaves as on the runner's parent.
 *
 * @throws {FlameError} FLAME_CONFIG when an option is invalid.
 */
export function OnRegion<A extends unknown[] = never[]>(
  region: RegionChoice<A>,
  options: OnRegionOptions = {},
): MethodReturning<FlameResult, A> {
  return <M>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<M>): never =>
    onRegion.decorate(target, key, descriptor, (found) => readDeclaration(region, options, found)) as never;
}

function readDeclaration<A extends unknown[]>(
  region: RegionChoice<A>,
  options: OnRegionOptions,
  found: DecoratedMethod,
): RegionDeclaration {
  const read = new OptionReader({ region, ...options }, `@OnRegion on ${found.label}`);
  const given: unknown = read.raw('region');
  if (typeof given !== 'function' && (typeof given !== 'string' || given === ''))
    throw read.refuse('region', `must be the name of a region or a function, but is ${show(given)}`, "Pass for example 'primary'.");
  const declaration: RegionDeclaration = {
    key: found.key,
    region: region as RegionChoice,
    name: read.raw('name') === undefined ? undefined : read.text('name'),
    returns: readReturns(read, found),
    trackResources: false,
    enhancers: [],
    callOptions: {
      timeout: read.raw('timeout') === undefined ? undefined : read.duration('timeout', Infinity),
      linked: read.flag('link', true),
      awaitReplica: readAwaitReplica(read),
    },
    method: found.method,
  };
  read.done();
  return declaration;
}
