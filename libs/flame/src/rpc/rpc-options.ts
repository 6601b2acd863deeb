import { randomBytes } from 'node:crypto';
import { createCodec } from '../core/codec/create-codec.js';
import type { Codec, RegisteredClass } from '../core/codec/codec.js';
import { type CallTracer, readTracing } from '../core/call/call-tracer.js';
import type { ContextCarrier, NamedContextCarrier } from '../core/call/context-carrier.js';
import { OptionReader, show } from '../core/options/option-reader.js';
import { readContext } from '../core/call/context-carrier.js';
import { readClasses, readHandlers } from '../nest/module/flame-options.js';
import { readPreAuth } from '../nest/module/pre-auth-option.js';
import { identityFromSecrets } from '../transport/grpc/instance-identity.js';
import type { InstanceIdentity } from '../transport/grpc/instance-identity.js';
import type { PreAuthLimits } from '../transport/grpc/pre-auth/pre-auth-limits.js';
import { automaticClasses } from '../nest/classes/automatic-classes.js';
import { httpExceptions, lateExceptions } from '../nest/classes/nest-classes.js';
import type { Class } from '../nest/handlers/provider-home.js';
import type { Discovery } from './discovery/discovery.js';
import type { ReplicationClock } from './replication/replication-clock.js';
import { readSecrets, readTls } from './rpc-security.js';
import type { InstanceTls } from './rpc-security.js';
import { StaticDiscovery } from './discovery/static-discovery.js';
import { allocate } from '../transport/session/large-values.js';

/** Options of `FlameRpcModule`. Durations are milliseconds. */
export interface FlameRpcOptions {
  /**
   * The region of this instance.
   *
   * @default MY_REGION, then FLY_REGION, of the environment, then 'local'
   */
  myRegion?: string;
  /**
   * The region of the writable database.
   *
   * @default PRIMARY_REGION of the environment, then 'local'
   */
  primaryRegion?: string;
  /**
   * How the other instances are found: a list of their addresses, `host:port`, or a `Discovery`. If omitted, there are no other instances,
   * and this one does not listen.
   */
  discovery?: readonly string[] | Discovery;
  /**
   * A secret that all instances of the app share, at least 32 characters. Two instances can connect only if both have it. During a
   * rotation, give a list: this instance authenticates with the first secret and trusts all of them. Give either this or `tls`.
   *
   * @default FLAME_RPC_SECRET of the environment
   */
  secret?: string | readonly string[];
  /** Mutual TLS with your own certificates, instead of a secret. */
  tls?: InstanceTls;
  /**
   * This instance's name, unique among all instances.
   *
   * @default FLY_MACHINE_ID of the environment, else made at start from the region
   */
  instance?: string;
  /**
   * The version of the app, for errors and logs.
   *
   * @default the environment variable FLAME_APP_VERSION, then FLY_IMAGE_REF, else a hash of the list of handlers
   */
  version?: string;
  /** The interface on which the others reach this instance; all if omitted. */
  host?: string;
  /**
   * The port on which the others reach this instance. It must be the same on all instances if DNS finds them; 0 takes any free port.
   *
   * @default 7171
   */
  port?: number;
  /**
   * Time for a call, from its beginning to its result, if the method sets none. For a call with streams, the time to the end of its
   * streams.
   *
   * @default 5_000
   */
  timeout?: number;
  /**
   * Time for running calls to end when this instance shuts down.
   *
   * @default 30_000
   */
  shutdownTimeout?: number;
  /**
   * The interval between two queries of `discovery`.
   *
   * @default 5_000
   */
  refreshEvery?: number;
  /**
   * Time for a broken connection to another instance to resume. After it, the calls that run there count as lost. New calls go to other
   * instances at once.
   *
   * @default 5_000
   */
  reconnectTimeout?: number;
  /**
   * The maximum size of encoded arguments, results and errors, in bytes.
   *
   * @default 268_435_456
   */
  maxPayload?: number;
  /** Limits on connections to the port that have not authenticated as instances, as in `FlameModule`. */
  preAuth?: PreAuthLimits;
  /**
   * Classes that `RegionRpc` may call although none of their methods has `@OnRegion`. Other instances cannot call any other method without
   * `@OnRegion`.
   *
   * @default []
   */
  handlers?: Class[];
  /** Classes whose instances keep their class when they cross; Nest's HTTP exceptions already do. @default [] */
  classes?: (Class | RegisteredClass)[];
  /** The parts of the caller's context that each call carries, as in `FlameModule`. None if omitted. */
  context?: ContextCarrier | NamedContextCarrier[];
  /** Traces calls from caller to handler, across instances, as in `FlameModule`: `flameTracing()` of `nestjs-flame/tracing`. */
  tracing?: CallTracer;
  /**
   * Reads how far the log of this instance's database has come: `new PostgresReplicationClock(query)`. Needed for `awaitReplica` and for
   * sessions, on all instances.
   */
  replicationClock?: ReplicationClock;
  /** As in `FlameModule`, whose setting applies if the app has both modules. @default true */
  exceptionFilter?: boolean;
}

/** The defaults, as documented in `FlameRpcOptions`. */
export const rpcDefaults = {
  port: 7171,
  timeout: 5_000,
  shutdownTimeout: 30_000,
  refreshEvery: 5_000,
  reconnectTimeout: 5_000,
  maxPayload: 268_435_456,
  exceptionFilter: true,
} as const satisfies FlameRpcOptions;

/** The validated options, with defaults. */
export interface RpcConfig {
  readonly myRegion: string;
  readonly primaryRegion: string;
  /** Undefined without a discovery. The identity is behind a function, so that printing the options shows no secret. */
  readonly network: { readonly discovery: Discovery; readonly identity: () => Promise<InstanceIdentity> } | undefined;
  readonly instance: string;
  readonly version: string | undefined;
  readonly host: string | undefined;
  readonly port: number;
  readonly timeout: number;
  readonly shutdownTimeout: number;
  readonly refreshEvery: number;
  readonly reconnectTimeout: number;
  readonly maxPayload: number;
  readonly preAuth: PreAuthLimits;
  readonly handlers: readonly Class[];
  readonly codec: Codec;
  readonly context: ContextCarrier | undefined;
  readonly tracing: CallTracer | undefined;
  readonly replicationClock: ReplicationClock | undefined;
  readonly exceptionFilter: boolean;
}

/** The environment variables that provide defaults. */
export type RpcEnv = Readonly<Record<string, string | undefined>>;

/**
 * Checks the options and adds the defaults. `path` names them in error messages.
 *
 * @throws {FlameError} FLAME_CONFIG that names the option's path and the fix. It never contains a secret.
 */
export function readRpcOptions(options: unknown, path: string, env: RpcEnv): RpcConfig {
  const read = new OptionReader(options, `${path} options`);
  const text = (key: string, fallback: string | undefined): string | undefined =>
    read.raw(key) === undefined ? fallback || undefined : read.text(key);
  const myRegion = readRegion(read, 'myRegion', env['MY_REGION'] || env['FLY_REGION']);
  const maxPayload = read.count('maxPayload', 1, rpcDefaults.maxPayload);
  const classes = [...httpExceptions(), ...readClasses(read)];
  const config: RpcConfig = {
    myRegion,
    primaryRegion: readRegion(read, 'primaryRegion', env['PRIMARY_REGION']),
    network: readNetwork(read, env),
    instance: text('instance', env['FLY_MACHINE_ID']) ?? `${myRegion}-${randomBytes(4).toString('hex')}`,
    version: text('version', env['FLAME_APP_VERSION'] || env['FLY_IMAGE_REF']),
    host: text('host', undefined),
    port: read.count('port', 0, rpcDefaults.port),
    timeout: read.duration('timeout', rpcDefaults.timeout),
    shutdownTimeout: read.duration('shutdownTimeout', rpcDefaults.shutdownTimeout, true),
    refreshEvery: read.duration('refreshEvery', rpcDefaults.refreshEvery),
    reconnectTimeout: read.duration('reconnectTimeout', rpcDefaults.reconnectTimeout, true),
    maxPayload,
    preAuth: readPreAuth(read),
    handlers: readHandlers(read),
    codec: createCodec({ classes, find: automaticClasses(), errors: lateExceptions, maxBytes: maxPayload, allocate }),
    context: readContext(read),
    tracing: readTracing(read),
    replicationClock: readReplicationClock(read),
    exceptionFilter: read.flag('exceptionFilter', rpcDefaults.exceptionFilter),
  };
  read.done();
  return config;
}

function readRegion(read: OptionReader, key: string, fallback: string | undefined): string {
  const region = read.raw(key) === undefined ? fallback || 'local' : read.text(key);
  if (region !== 'primary') return region;
  throw read.refuse(key, `is "primary", but that name always stands for the primary region`, 'Set the name of the region.');
}

function readNetwork(read: OptionReader, env: RpcEnv): RpcConfig['network'] {
  const discovery = readDiscovery(read);
  const tls = readTls(read);
  const secrets = readSecrets(read, tls === undefined ? env['FLAME_RPC_SECRET'] : undefined);
  if (tls !== undefined && secrets !== undefined) throw read.refuse('tls', 'is set together with a secret', 'Set only one of the two.');
  if (discovery === undefined) return undefined;
  if (tls !== undefined) return { discovery, identity: async () => tls };
  if (secrets !== undefined) return { discovery, identity: () => identityFromSecrets(secrets) };
  throw read.refuse(
    'secret',
    'is missing, and so is tls: instances on a network must authenticate each other',
    'Set FLAME_RPC_SECRET to the same 32 characters or more on all instances (openssl rand -base64 32), or set certificates in tls.',
  );
}

function readReplicationClock(read: OptionReader): ReplicationClock | undefined {
  const value = read.raw('replicationClock');
  if (value === undefined) return undefined;
  const { position, reached } = (value ?? {}) as Partial<ReplicationClock>;
  if (typeof position === 'function' && typeof reached === 'function') return value as ReplicationClock;
  throw read.refuse(
    'replicationClock',
    `must have the methods position and reached, but is ${show(value)}`,
    'Pass for example PostgresReplicationClock.pg(pool).',
  );
}

function readDiscovery(read: OptionReader): Discovery | undefined {
  const value = read.raw('discovery');
  if (value === undefined) return undefined;
  if (Array.isArray(value)) return new StaticDiscovery(value as string[]);
  if (typeof (value as Partial<Discovery> | null)?.find === 'function') return value as Discovery;
  throw read.refuse(
    'discovery',
    `must be a list of addresses or a Discovery, but is ${show(value)}`,
    "Pass for example ['10.0.0.4:7171'] or new FlyDiscovery().",
  );
}
