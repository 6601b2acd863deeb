import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceDefinition } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { FlameError } from '../core/errors/flame-error.js';
import type { PoolMetrics } from '../core/metrics/pool-metrics.js';
import { packageFolder } from '../system/package-folder.js';

/** `flame.v1.Snapshot` in the form of proto-loader. */
export interface SnapshotMessage {
  readonly pools: readonly PoolMessage[];
}

interface Count {
  readonly of: string;
  readonly count: number;
}

/** `flame.v1.PoolMetrics`. Counts are lists, because other clients reject the form in which protobuf.js's reflection describes maps. */
type PoolMessage = Omit<PoolMetrics, 'runners' | 'calls' | 'boots'> & Readonly<Record<'runners' | 'calls' | 'boots', readonly Count[]>>;

export function toMessage(pool: PoolMetrics): PoolMessage {
  const list = (counts: Readonly<Record<string, number>>): Count[] => Object.entries(counts).map(([of, count]) => ({ of, count }));
  return { ...pool, runners: list(pool.runners), calls: list(pool.calls), boots: list(pool.boots) };
}

export function fromMessage(message: PoolMessage): PoolMetrics {
  const record = (counts: readonly Count[]): Record<string, number> => Object.fromEntries(counts.map(({ of, count }) => [of, count]));
  return {
    ...message,
    runners: record(message.runners),
    calls: record(message.calls),
    boots: record(message.boots),
  } as PoolMetrics;
}

export interface WatchMessage {
  readonly pools: readonly string[];
  readonly every: number;
}

/** The folder of the published contracts: in the package, or at the root of the repository. */
function protoFolder(): string {
  const folder = packageFolder();
  if (folder === undefined)
    throw new FlameError(
      'FLAME_CONFIG',
      "metrics and reflection of ops need the package's .proto files, which are not in a bundle. Keep nestjs-flame out of the bundle (externals).",
    );
  const published = join(folder, 'proto');
  return existsSync(published) ? published : join(folder, '../../proto');
}

/** Loads the contract. `keepCase` keeps the field names of the file. */
async function loadProto({ keepCase }: { keepCase: boolean }): Promise<PackageDefinition> {
  const { load } = await import('@grpc/proto-loader');
  return load('flame/v1/metrics.proto', {
    keepCase,
    includeDirs: [protoFolder()],
    longs: Number,
    enums: String,
    defaults: true,
    arrays: true,
    objects: true,
  });
}

export async function metricsService(): Promise<ServiceDefinition> {
  return (await loadProto({ keepCase: false }))['flame.v1.Metrics'] as ServiceDefinition;
}

/** The contract with the field names of the file, which reflection must show. */
export function metricsContract(): Promise<PackageDefinition> {
  return loadProto({ keepCase: true });
}
