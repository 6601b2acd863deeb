import type { Registry } from 'prom-client';
import type { HistogramNumbers } from '../core/metrics/histogram.js';
import type { PoolMetrics } from '../core/metrics/pool-metrics.js';
import { poolMetricTable, runnerMetricTable } from './metric-table.js';
import type { MetricRow } from './metric-table.js';

/** A number as prom-client's registries take them. */
interface Value {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly metricName?: string;
}

const openMetrics = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/**
 * Adds the pools' numbers to a registry of `prom-client`. They are counted whether or not anyone scrapes; here they are only read, once for
 * each scrape.
 */
export function collectPools(registry: Registry, pools: () => readonly PoolMetrics[], perRunner: boolean): void {
  const rows = perRunner ? [...poolMetricTable, ...runnerMetricTable] : poolMetricTable;
  const taken = oncePerTurn(pools);
  for (const row of rows) registry.registerMetric(asMetric(row, taken, registry) as unknown as Parameters<Registry['registerMetric']>[0]);
}

/** All metrics of a scrape are asked for in one turn. */
function oncePerTurn<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    if (!made) {
      made = { value: make() };
      queueMicrotask(() => (made = undefined));
    }
    return made.value;
  };
}

/** What a registry asks of a metric. */
function asMetric(row: MetricRow, pools: () => readonly PoolMetrics[], registry: Registry): object {
  const { name, help, type } = row;
  const values = (): Value[] =>
    pools().flatMap((pool) => {
      const labels = { pool: pool.pool };
      if (row.type === 'histogram') return histogramValues(name, labels, row.histogram(pool));
      return row.samples(pool).map((sample) => ({ value: sample.value, labels: { ...labels, ...sample.labels } }));
    });
  return {
    name,
    help,
    type,
    aggregator: 'sum',
    get: async () => {
      const counter = type === 'counter' && String(registry.contentType) === openMetrics;
      // There the registry puts _total behind counters' names itself.
      return { name: counter ? name.replace(/_total$/, '') : name, help, type, aggregator: 'sum', values: values() };
    },
    /** They are the app's own history, which no scrape's client resets. */
    reset: () => {},
  };
}

/** Prometheus counts in each bucket what is in those below it, too. */
function histogramValues(name: string, labels: Value['labels'], { bounds, counts, sum }: HistogramNumbers): Value[] {
  let total = 0;
  const buckets = counts.map((count, place) => {
    total += count;
    const le = place < bounds.length ? String(bounds[place]! / 1000) : '+Inf';
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: total };
  });
  return [...buckets, { metricName: `${name}_sum`, labels, value: sum / 1000 }, { metricName: `${name}_count`, labels, value: total }];
}
