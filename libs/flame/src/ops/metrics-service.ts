import {
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { PoolMetrics } from '../core/metrics/pool-metrics.js';
import { toMessage } from './metrics-messages.js';
import type { SnapshotMessage, WatchMessage } from './metrics-messages.js';

/** Returns the metrics of all pools. */
export type MetricsSource = () => readonly PoolMetrics[];

const usual = 1_000;
const least = 100;
/** Limited, because each watcher costs a snapshot every interval. */
const mostWatchers = 100;

/** Implements `flame.v1.Metrics` with the metrics from `source`. */
export function metricsImplementation(source: MetricsSource): UntypedServiceImplementation {
  let watchers = 0;
  return {
    Get(call: ServerUnaryCall<{ pools: string[] }, SnapshotMessage>, answer: sendUnaryData<SnapshotMessage>) {
      const { snapshot, unknown } = take(source, call.request.pools);
      if (unknown !== undefined) answer({ code: status.NOT_FOUND, details: noPool(unknown) });
      else answer(null, snapshot);
    },
    Watch(call: ServerWritableStream<WatchMessage, SnapshotMessage>) {
      const { pools, every } = call.request;
      const { unknown } = take(source, pools);
      if (unknown !== undefined) return refuse(call, status.NOT_FOUND, noPool(unknown));
      if (watchers >= mostWatchers) return refuse(call, status.RESOURCE_EXHAUSTED, `at most ${mostWatchers} clients can watch`);
      watchers += 1;
      let ready = true;
      const tell = (): void => {
        if (ready) ready = call.write(take(source, pools).snapshot);
      };
      call.on('drain', () => (ready = true));
      const timer = setInterval(tell, Math.max(least, every || usual)).unref();
      call.once('close', () => {
        clearInterval(timer);
        watchers -= 1;
      });
      tell();
    },
  };
}

/** Rejects a stream before its first message. `destroy` would end the stream on this side only, and the client would wait. */
function refuse(call: ServerWritableStream<WatchMessage, SnapshotMessage>, code: status, details: string): void {
  call.emit('error', { code, details });
}

function take(source: MetricsSource, names: readonly string[]): { snapshot: SnapshotMessage; unknown?: string } {
  const all = source();
  if (names.length === 0) return { snapshot: { pools: all.map(toMessage) } };
  const pools = all.filter(({ pool }) => names.includes(pool));
  return { snapshot: { pools: pools.map(toMessage) }, unknown: names.find((name) => !all.some(({ pool }) => pool === name)) };
}

function noPool(name: string): string {
  return `this app has no pool "${name}"`;
}
