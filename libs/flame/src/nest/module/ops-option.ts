import { isIP } from 'node:net';
import { badOption, OptionReader } from '../../core/options/option-reader.js';
import type { TlsIdentity } from '../../transport/grpc/tls-identity.js';
import { readTls } from './tls-option.js';

/** The port for those who operate the app: health, numbers, and who asks what there is. */
export interface FlameOpsOptions {
  /** The parent's port for `grpc.health.v1.Health` and `flame.v1.Metrics`; 0 takes any that is free, which the log names. None when left out. */
  port?: number;
  /**
   * The interface. Beyond this host, `token` is required; without `tls` it travels in the clear, so that only a private network should see it.
   *
   * @default '127.0.0.1'
   */
  host?: string;
  /** What callers of `flame.v1.Metrics` and of reflection bear, as `authorization: Bearer <token>`. Health is open to all who reach the port. */
  token?: string;
  /** Key and certificate for this port, PEM; plaintext when left out. */
  tls?: TlsIdentity;
  /**
   * Whether clients like grpcurl may ask what there is. Needs the package `@grpc/reflection`.
   *
   * @default false
   */
  reflection?: boolean;
  /**
   * A port on which every runner answers health checks of its platform, on all interfaces and in plaintext: serving from when it has attached until it
   * leaves. For backends whose runners each have an address of their own.
   */
  runnerPort?: number;
}

/** The same, checked. */
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
      `Give at least ${leastToken}, for example of openssl rand -base64 24.`,
    );
  if (ops.port !== undefined && ops.token === undefined && !isLoopback(ops.host))
    throw badOption(
      `${inner.path}.host`,
      `is ${JSON.stringify(ops.host)}, which others can reach, and there is no token`,
      'Give a token, or leave host out for 127.0.0.1.',
    );
  return ops;
}

function readPort(read: OptionReader, key: string, least: number): number {
  const port = read.count(key, least);
  if (port > 65_535) throw read.refuse(key, `is ${port}, and ports end at 65535`, 'Give a smaller one.');
  return port;
}

/** Whether only this host can reach it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
