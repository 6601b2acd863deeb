import type { Type } from '@nestjs/common';
import { FlameBackend } from '../../backends/backend.js';
import { LocalBackend } from '../../backends/local-backend.js';
import type { RegisteredClass, RegisteredKind } from '../../core/codec/codec.js';
import { readTracing } from '../../core/call/call-tracer.js';
import type { CallTracer } from '../../core/call/call-tracer.js';
import type { Clock } from '../../core/clock.js';
import { readContext } from '../../core/call/context-carrier.js';
import type { ContextCarrier, NamedContextCarrier } from '../../core/call/context-carrier.js';
import { badOption, OptionReader, show } from '../../core/options/option-reader.js';
import { readPoolOptions } from '../../core/options/pool-config.js';
import type { PoolConfig } from '../../core/options/pool-config.js';
import type { PoolOptions } from '../../core/options/pool-options.js';
import { buildMismatches } from '../../pool/runners/build-check.js';
import type { BuildMismatch } from '../../pool/runners/build-check.js';
import type { PreAuthLimits } from '../../transport/grpc/pre-auth/pre-auth-limits.js';
import { SystemClock } from '../../system/system-clock.js';
import { readTls } from '../../transport/grpc/tls-identity.js';
import type { TlsIdentity } from '../../transport/grpc/tls-identity.js';
import { readOps } from './ops-option.js';
import type { FlameOpsOptions, OpsConfig } from './ops-option.js';
import type { Class } from '../handlers/provider-home.js';
import { readPreAuth } from './pre-auth-option.js';

/** Options of a pool, its backend included. */
export type FlamePoolOptions = PoolOptions<FlameBackend>;

/** Options for all of the app's pools. */
export interface FlameModuleOptions {
  /**
   * The backend of pools that name none.
   *
   * @default new LocalBackend()
   */
  backend?: FlameBackend;
  /**
   * Classes without `@OnFlame` whose methods `flame.on` may call, and of which `flame.placeChild` may make children. A class that no module
   * provides can only be placed as a child. No other method of the app can be called from outside.
   *
   * @default []
   */
  handlers?: Class[];
  /**
   * Classes whose instances keep their class when they cross between parent and runner: the class itself, if its own properties are all its
   * state, or `{ type, encode, decode }`. `commonClasses()` gives entries for well-known packages. Nest's exceptions, classes that
   * class-transformer, class-validator, TypeORM and GraphQL know, and classes in handlers' signatures are registered without being listed.
   * An instance of any other class that has methods is refused with FLAME_ENCODING.
   *
   * @default []
   */
  classes?: (Class | RegisteredClass | RegisteredKind)[];
  /**
   * The interface on which this process listens for runners on other machines; all interfaces when left out. The port is only opened if a
   * pool's backend needs the network, and every connection needs a token.
   */
  host?: string;
  /**
   * The port for runners on other machines.
   *
   * @default 0, any free port
   */
  port?: number;
  /** Key and certificate of that port, PEM; made at start when left out. */
  tls?: TlsIdentity;
  /**
   * Limits on connections to that port that have not shown a token: `timeout`, `maxConnections`, `maxConnectionsPerSecond` and `maxBytes`.
   * Each has a default.
   */
  preAuth?: PreAuthLimits;
  /**
   * How long a runner whose connection broke may take to connect again, in milliseconds. After that its calls are lost.
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
   * The size in bytes from which arguments, results and items pass through shared memory, between a parent and its runners on the same host
   * (ProcessBackend). At most 64 MiB in each direction; a value that finds no room goes over the stream. The files belong to this user
   * only, and have no name once the runner has opened them. `Infinity` switches it off.
   *
   * @default 32_768
   */
  sharedMemoryFrom?: number;
  /**
   * Carries a part of the caller's context with each call, usually of an AsyncLocalStorage: it is captured at the parent and set around the
   * handler on the runner. Several carriers are a list, each with a name. No context travels when left out; an app
   * with nestjs-cls is warned then, unless this is an empty list.
   */
  context?: ContextCarrier | NamedContextCarrier[];
  /**
   * Whether a client that disconnects before its response cancels the calls made for its request: they end with FLAME_CANCELLED. On Express
   * and Fastify. Calls with `link: false` and calls made outside of requests go on.
   *
   * @default false
   */
  linkToRequest?: boolean;
  /**
   * Whether the library answers a FlameError that no filter of the app catches: with 503 and `Retry-After` if the call did not run, 504 on
   * a time-out, else 500, and with a fixed sentence in place of the error's text. Also for GraphQL and microservices. With `false` Nest
   * answers: 500, and in GraphQL the error's own text.
   *
   * @default true
   */
  exceptionFilter?: boolean;
  /** The ops port: gRPC health checks and metrics of the parent, and health checks of its runners. No port when left out. */
  ops?: FlameOpsOptions;
  /** Traces calls from caller to handler, across processes: `flameTracing()` of `nestjs-flame/tracing`. */
  tracing?: CallTracer;
  /**
   * What happens to a runner whose build differs from its parent's, because the files changed while the parent lived or the runner's image
   * is another: `'warn'` once for each such build, `'refuse'` the runner, so that its callers get FLAME_BOOT, or `'ignore'`. A build is the
   * content of the files of the main file's folder that Node runs, without `node_modules`. Builds are only compared if both main files have
   * the same path within their package.
   *
   * @default 'warn'
   */
  buildMismatch?: BuildMismatch;
  /** The clock of all pools. Tests give a `VirtualClock`, which they move. The system's clock when left out. */
  clock?: Clock;
  /** Called with the error of a cast that threw or was lost, after it was logged. An error that this function throws is logged. */
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
  readonly preAuth: PreAuthLimits;
  readonly reconnectTimeout: number;
  readonly maxPayload: number;
  readonly sharedMemoryFrom: number;
  readonly context: ContextCarrier | undefined;
  /** Whether the app has not decided what travels. An empty list is a decision. */
  readonly contextOmitted: boolean;
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
    preAuth: readPreAuth(read),
    reconnectTimeout: read.duration('reconnectTimeout', flameDefaults.reconnectTimeout, true),
    maxPayload: read.count('maxPayload', 1, flameDefaults.maxPayload),
    sharedMemoryFrom:
      read.raw('sharedMemoryFrom') === Infinity ? Infinity : read.count('sharedMemoryFrom', 1, flameDefaults.sharedMemoryFrom),
    tracing: readTracing(read),
    context: readContext(read),
    contextOmitted: read.raw('context') === undefined,
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

/** Checks a list of pools. @throws {FlameError} FLAME_CONFIG that names the option's path and the fix. */
export function readPools(pools: unknown, path: string): PoolConfig<FlameBackend>[] {
  if (!Array.isArray(pools))
    throw badOption(path, `must be a list of pools, but is ${show(pools)}`, "Pass for example [{ name: 'ffmpeg', max: 10 }].");
  const configs = pools.map((options, index) => readPoolOptions(options as FlamePoolOptions, `${path}[${index}]`));
  for (const [index, { name, backend }] of configs.entries()) {
    const first = configs.findIndex((config) => config.name === name);
    if (first !== index)
      throw badOption(`${path}[${index}].name`, `is "${name}", as is that of pools[${first}]`, 'Use a different name for each pool.');
    if (backend !== undefined) readBackend(backend, `${path}[${index}].backend`);
  }
  return configs;
}

function readBackend(value: unknown, path: string): FlameBackend {
  if (value instanceof FlameBackend) return value;
  throw badOption(path, `must be a FlameBackend, but is ${show(value)}`, 'Pass for example new ProcessBackend().');
}

/** Reads the option `handlers`. */
export function readHandlers(read: OptionReader): Class[] {
  return readList(read, 'handlers').map((type, index) => readClass(type, `${read.path}.handlers[${index}]`));
}

/** Reads the option `classes`. */
export function readClasses(read: OptionReader): (RegisteredClass | RegisteredKind)[] {
  return readList(read, 'classes').map((type, index) => readRegistered(type, `${read.path}.classes[${index}]`));
}

function readList(read: OptionReader, key: string): unknown[] {
  const value = read.raw(key) ?? [];
  if (Array.isArray(value)) return value;
  throw read.refuse(key, `must be a list, but is ${show(value)}`, 'Pass an array of classes.');
}

function readClass(value: unknown, path: string): Class {
  if (typeof value === 'function' && typeof value.prototype === 'object') return value as unknown as Type;
  throw badOption(
    path,
    `must be a class, but is ${show(value)}`,
    'Pass the class itself; if it is undefined here, look for a circular import.',
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
    throw badOption(path, 'has only one of encode and decode', 'Add both, or neither.');
  }
  read.done();
  if (kind && read.raw('encode') === undefined) throw badOption(path, 'has `is` but no `encode`', 'Add encode and decode.');
  return value as RegisteredClass | RegisteredKind;
}

function readClock(read: OptionReader): Clock {
  const value = read.raw('clock');
  if (value === undefined) return new SystemClock();
  const { now, after } = value as Partial<Clock>;
  if (typeof now === 'function' && typeof after === 'function') return value as Clock;
  throw read.refuse('clock', `must have now() and after(), but is ${show(value)}`, 'Omit it, or pass a VirtualClock in tests.');
}
