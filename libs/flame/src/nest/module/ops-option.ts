import { isIP } from 'node:net';
import { badOption, OptionReader } from '../../core/options/option-reader.js';
import { readTls } from '../../transport/grpc/tls-identity.js';
import type { TlsIdentity } from '../../transport/grpc/tls-identity.js';

/** The ops port: gRPC health checks, metrics and reflection. */
export interface FlameOpsOptions {
  /**
   * The parent's port for `grpc.health.v1.Health` and `flame.v1.Metrics`; 0 takes a free one, which the log names. No port when left out.
   */
  port?: number;
  /**
   * The interface. An interface that other hosts can reach requires `token`. Without `tls` the token travels in plaintext: use a private
   * network only.
   *
   * @default '127.0.0.1'
   */
  host?: string;
  /** Clients of `flame.v1.Metrics` and of reflection send it as `authorization: Bearer <token>`. Health checks need no token. */
  token?: string;
  /** Key and certificate for this port, PEM; plaintext when left out. */
  tls?: TlsIdentity;
  /**
   * Whether the port answers gRPC reflection, for clients such as grpcurl. Needs the package `@grpc/reflection`.
   *
   * @default false
   */
  reflection?: boolean;
  /**
   * A port on which every runner answers health checks, on all interfaces and in plaintext: SERVING from when it has attached until it
   * leaves. For backends whose runners each have an address of their own.
   */
  runnerPort?: number;
}

/** The options, checked. */
export interface OpsConfig {
  readonly port: number | undefined;
  readonly host: string;
  readonly token: string | undefined;
  readonly tls: TlsIdentity | undefined;
  readonly reflection: boolean;
  readonly runnerPort: number | undefined;
}

const leastToken = 16;

/** @throws {FlameError} FLAME_CONFIG that names the path and the fix. */
export function readOps(read: OptionReader): OpsConfig | undefined {
  const value = read.raw('ops');
  if (value === undefined) return undefined;
  const inner = new OptionReader(value, `${read.path}.ops`);
  const ops: OpsConfig = {
    port: inner.raw('port') === undefined ? undefined : readPort(inner, 'port', 0),
    host: inner.raw('host') === undefined ? '127.0.0.1' : inner.text('host'),
    token: inner.raw('token') === undefined ? undefined : inner.text('token'),
    tls: readTls(inner),
    reflection: inner.flag('reflection', false),
    runnerPort: inner.raw('runnerPort') === undefined ? undefined : readPort(inner, 'runnerPort', 1),
  };
  inner.done();
  if (ops.token !== undefined && ops.token.length < leastToken)
    throw inner.refuse(
      'token',
      `has ${ops.token.length} characters`,
      `Use at least ${leastToken}, for example from: openssl rand -base64 24`,
    );
  if (ops.port !== undefined && ops.token === undefined && !isLoopback(ops.host))
    throw badOption(
      `${inner.path}.host`,
      `is ${JSON.stringify(ops.host)}, which other hosts can reach, but ops.token is missing`,
      'Set a token, or omit host for 127.0.0.1.',
    );
  return ops;
}

function readPort(read: OptionReader, key: string, least: number): number {
  const port = read.count(key, least);
  if (port > 65_535) throw read.refuse(key, `is ${port}, but the highest port is 65535`, 'Set a smaller one.');
  return port;
}

/** Whether only this host can reach the interface. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
