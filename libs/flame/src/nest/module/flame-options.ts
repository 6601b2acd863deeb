import type { Type } from '@nestjs/common';
import { FlameBackend } from '../../backends/backend.js';
import { LocalBackend } from '../../backends/local-backend.js';
import type { RegisteredClass, RegisteredKind } from '../../core/codec/codec.js';
import type { CallTracer } from '../../core/call/call-tracer.js';
import type { Clock } from '../../core/clock.js';
import type { ContextCarrier, NamedContextCarrier } from '../../core/call/context-carrier.js';
import { badOption, OptionReader, show } from '../../core/options/option-reader.js';
import { readPoolOptions } from '../../core/options/pool-config.js';
import type { PoolConfig } from '../../core/options/pool-config.js';
import type { PoolOptions } from '../../core/options/pool-options.js';
import { buildMismatches } from '../../pool/runners/build-check.js';
import type { BuildMismatch } from '../../pool/runners/build-check.js';
import type { PreAuthLimits } from '../../transport/grpc/pre-auth/pre-auth-limits.js';
import { SystemClock } from '../../transport/session/system-clock.js';
import type { TlsIdentity } from '../../transport/grpc/tls-identity.js';
import { readContext } from './context-option.js';
import { readTracing } from './tracing-option.js';
import { readOps } from './ops-option.js';
import type { FlameOpsOptions, OpsConfig } from './ops-option.js';
import type { Class } from '../handlers/provider-home.js';
import { readPreAuth } from './pre-auth-option.js';
import { readTls } from './tls-option.js';

/** Options of a pool, with what this app boots machines with. */
export type FlamePoolOptions = PoolOptions<FlameBackend>;

/** Options for all of the app's pools. */
export interface FlameModuleOptions {
  /**
   * How machines are made, for pools that do not say.
   *
   * @default new LocalBackend()
   */
  backend?: FlameBackend;
  /**
   * Classes of the app whose methods `flame.on` may run on runners, and of which `flame.placeChild` may make children there, though none of their methods
   * has `@OnFlame`. Only for children may it be a class that no module provides. Nothing else of the app can be called from outside.
   *
   * @default []
   */
  handlers?: Class[];
  /**
   * Classes whose instances cross between parent and runner as themselves: the class, when its own properties are all there is to it, or
   * `{ type, encode, decode }`, which says how; `commonClasses()` gives such entries for well-known packages. Nest's exceptions are registered already, and so are the
   * classes that class-transformer, class-validator, TypeORM and GraphQL know, and those in the signatures of handlers. Instances of
   * other classes are refused where they have behaviour.
   *
   * @default []
   */
  classes?: (Class | RegisteredClass | RegisteredKind)[];
  /**
   * The interface on which runners of other machines reach this process; all when left out. It listens only if a pool's backend needs the
   * network, and lets nobody in without a token.
   */
  host?: string;
  /**
   * The port for them.
   *
   * @default 0, any free port
   */
  port?: number;
  /** Key and certificate for them, PEM; made at start when left out. */
  tls?: TlsIdentity;
  /** What those may do who reach that port and have not shown a token yet: time, connections, bytes, frames. Each has a default. */
  strangers?: PreAuthLimits;
  /**
   * Time for which a broken connection to a runner may come back, in milliseconds, before its work counts as lost.
   *
   * @default 5_000
   */
  reconnectTimeout?: number;
  /**
   * The largest arguments, result or error that may cross, in bytes.
   *
   * @default 268_435_456
   */
  maxPayload?: number;
  /**
   * From how many bytes on arguments, results and items pass through shared memory, to and from runners on this host (ProcessBackend), in files that only this
   * user can open and that have no name once the runner has them. Up to 64 MiB in each direction; what finds no room goes over the stream. `Infinity` for
   * none.
   *
   * @default 32_768
   */
  sharedMemoryFrom?: number;
  /**
   * What of its caller's context travels with each call, usually of an AsyncLocalStorage: captured at the parent, and there again around
   * the handler on the runner. Several carriers are given as a list, each with a name. Nothing travels when left out.
   */
  context?: ContextCarrier | NamedContextCarrier[];
  /**
   * Whether linked calls that are made while an HTTP request is answered end when its client goes before it has the response, with
   * FLAME_CANCELLED. On Express and Fastify. Calls with `link: false` and calls made outside of requests go on.
   *
   * @default false
   */
  linkToRequest?: boolean;
  /**
   * Whether a FlameError that no filter of the app catches is answered with 503 and `Retry-After` (nothing has run, as there is no runner or no room), 504 (its time is
   * up) or 500, and a fixed sentence instead of its text; GraphQL and microservices alike. With `false` Nest answers it: 500, and in GraphQL the error's own text.
   *
   * @default true
   */
  exceptionFilter?: boolean;
  /** The port on which the parent answers health checks and gives its pools' numbers, and that of its runners. None when left out. */
  ops?: FlameOpsOptions;
  /** Follows calls from their callers to their handlers, across processes: `flameTracing()` of `nestjs-flame/tracing`. */
  tracing?: CallTracer;
  /**
   * What to do with a runner whose build of the app is not its parent's, because the build changed on disk while the parent lived, or the runner's image has another:
   * `'warn'` once for each such build, `'refuse'` the runner, so that its callers get FLAME_BOOT, or `'ignore'`. A build is what Node runs of its folder, by content, without
   * `node_modules`; builds are compared where the paths of their main files within their packages are equal.
   *
   * @default 'warn'
   */
  buildMismatch?: BuildMismatch;
  /** The time that the pools go by: for tests, which take a `VirtualClock` on by hand. The machine's own when left out. */
  clock?: Clock;
  /** Called with what a cast's handler threw, or why it was lost, beside the log line. What it throws itself is logged. */
  onCastError?: (error: unknown, handler: string) => void;
}

/** The defaults, as `FlameModuleOptions` documents them; a test compares the two. */
export const flameDefaults = {
  port: 0,
  reconnectTimeout: 5_000,
  maxPayload: 268_435_456,
  sharedMemoryFrom: 32_768,
  linkToRequest: false,
  exceptionFilter: true,
  buildMismatch: 'warn',
} as const satisfies FlameModuleOptions;

/** The module's options, checked and complete. */
export interface FlameConfig {
  readonly pools: readonly PoolConfig<FlameBackend>[];
  readonly backend: FlameBackend;
  readonly handlers: readonly Class[];
  readonly classes: readonly (RegisteredClass | RegisteredKind)[];
  readonly host: string | undefined;
  readonly port: number;
  readonly tls: TlsIdentity | undefined;
  readonly strangers: PreAuthLimits;
  readonly reconnectTimeout: number;
  readonly maxPayload: number;
  readonly sharedMemoryFrom: number;
  readonly context: ContextCarrier | undefined;
  readonly linkToRequest: boolean;
  readonly exceptionFilter: boolean;
  readonly tracing: CallTracer | undefined;
  readonly ops: OpsConfig | undefined;
  readonly buildMismatch: BuildMismatch;
  readonly clock: Clock;
  readonly onCastError: ((error: unknown, handler: string) => void) | undefined;
}

/**
 * Checks the options of `FlameModule` and fills in the defaults. `path` leads to them for error messages.
 *
 * @throws {FlameError} FLAME_CONFIG that names the option's path and the fix.
 */
export function readFlameOptions(pools: unknown, options: unknown, path: string): FlameConfig {
  const read = new OptionReader(options, `${path} options`);
  const config: FlameConfig = {
    pools: readPools(pools, `${path} pools`),
    backend: readBackend(read.raw('backend') ?? new LocalBackend(), `${path} options.backend`),
    handlers: readHandlers(read),
    classes: readClasses(read),
    host: read.raw('host') === undefined ? undefined : read.text('host'),
    port: read.count('port', 0, flameDefaults.port),
    tls: readTls(read),
    strangers: readPreAuth(read),
    reconnectTimeout: read.duration('reconnectTimeout', flameDefaults.reconnectTimeout, true),
    maxPayload: read.count('maxPayload', 1, flameDefaults.maxPayload),
    sharedMemoryFrom:
      read.raw('sharedMemoryFrom') === Infinity ? Infinity : read.count('sharedMemoryFrom', 1, flameDefaults.sharedMemoryFrom),
    tracing: readTracing(read),
    context: readContext(read),
    linkToRequest: read.flag('linkToRequest', flameDefaults.linkToRequest),
    exceptionFilter: read.flag('exceptionFilter', flameDefaults.exceptionFilter),
    ops: readOps(read),
    buildMismatch: read.choice('buildMismatch', buildMismatches, flameDefaults.buildMismatch),
    clock: readClock(read),
    onCastError: read.hook('onCastError'),
  };
  read.done();
  return config;
}

function readPools(pools: unknown, path: string): PoolConfig<FlameBackend>[] {
  if (!Array.isArray(pools))
    throw badOption(path, `must be a list of pools, but is ${show(pools)}`, "Give for example [{ name: 'ffmpeg', max: 10 }].");
  const configs = pools.map((options, place) => readPoolOptions(options as FlamePoolOptions, `${path}[${place}]`));
  for (const [place, { name, backend }] of configs.entries()) {
    const first = configs.findIndex((config) => config.name === name);
    if (first !== place)
      throw badOption(`${path}[${place}].name`, `is "${name}", as is that of pools[${first}]`, 'Give each pool a name of its own.');
    if (backend !== undefined) readBackend(backend, `${path}[${place}].backend`);
  }
  return configs;
}

function readBackend(value: unknown, path: string): FlameBackend {
  if (value instanceof FlameBackend) return value;
  throw badOption(path, `must be a FlameBackend, but is ${show(value)}`, 'Give for example new ProcessBackend().');
}

/** The option `handlers`: classes that may be called without a decorator. */
export function readHandlers(read: OptionReader): Class[] {
  return readList(read, 'handlers').map((type, place) => readClass(type, `${read.path}.handlers[${place}]`));
}

/** The option `classes`: those whose instances cross as themselves. */
export function readClasses(read: OptionReader): (RegisteredClass | RegisteredKind)[] {
  return readList(read, 'classes').map((type, place) => readRegistered(type, `${read.path}.classes[${place}]`));
}

function readList(read: OptionReader, key: string): unknown[] {
  const value = read.raw(key) ?? [];
  if (Array.isArray(value)) return value;
  throw read.refuse(key, `must be a list, but is ${show(value)}`, 'Give an array of classes.');
}

function readClass(value: unknown, path: string): Class {
  if (typeof value === 'function' && typeof value.prototype === 'object') return value as unknown as Type;
  throw badOption(
    path,
    `must be a class, but is ${show(value)}`,
    'Give the class itself; a class that is undefined here is often a circular import.',
  );
}

function readRegistered(value: unknown, path: string): RegisteredClass | RegisteredKind {
  if (typeof value === 'function') return { type: readClass(value, path) as RegisteredClass['type'] };
  const read = new OptionReader(value, path);
  const kind = read.hook('is') !== undefined;
  if (kind) read.text('name');
  else readClass(read.raw('type'), `${path}.type`);
  if (read.raw('name') !== undefined) read.text('name');
  if ((read.hook('encode') === undefined) !== (read.hook('decode') === undefined)) {
    throw badOption(path, 'has only one of encode and decode', 'Give both, or neither.');
  }
  read.done();
  if (kind && read.raw('encode') === undefined) throw badOption(path, 'has `is` and no `encode`', 'Give encode and decode.');
  return value as RegisteredClass | RegisteredKind;
}

function readClock(read: OptionReader): Clock {
  const value = read.raw('clock');
  if (value === undefined) return new SystemClock();
  const { now, after } = value as Partial<Clock>;
  if (typeof now === 'function' && typeof after === 'function') return value as Clock;
  throw read.refuse('clock', `must have now() and after(), but is ${show(value)}`, 'Leave it out, or give a VirtualClock in tests.');
}
