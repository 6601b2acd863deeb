import type { Registry } from 'prom-client';
import type { HistogramNumbers } from '../core/metrics/histogram.js';
import type { PoolMetrics } from '../core/metrics/pool-metrics.js';
import { poolMetricTable, runnerMetricTable } from './metric-table.js';
import type { MetricRow } from './metric-table.js';

/** A value in the form that prom-client's registries take. */
interface Value {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly metricName?: string;
}

const openMetrics = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/**
 * Adds the pools' metrics to a registry of `prom-client`. The pools count whether or not there are scrapes. Their values are read once for
 * each scrape.
 */
export function collectPools(registry: Registry, pools: () => readonly PoolMetrics[], perRunner: boolean): void {
  const rows = perRunner ? [...poolMetricTable, ...runnerMetricTable] : poolMetricTable;
  const taken = oncePerTurn(pools);
  for (const row of rows) registry.registerMetric(asMetric(row, taken, registry) as unknown as Parameters<Registry['registerMetric']>[0]);
}

/** Caches the value for one turn of the event loop, because a scrape reads all metrics in one turn. */
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

/** A metric with the properties that a registry uses. */
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
      // In this format the registry itself adds _total to counters' names.
      return { name: counter ? name.replace(/_total$/, '') : name, help, type, aggregator: 'sum', values: values() };
    },
    /** A reset of the registry does not clear the counts, because the pools own them. */
    reset: () => {},
  };
}

/** In Prometheus, each bucket includes the counts of all lower buckets. */
function histogramValues(name: string, labels: Value['labels'], { bounds, counts, sum }: HistogramNumbers): Value[] {
  let total = 0;
  const buckets = counts.map((count, index) => {
    total += count;
    const le = index < bounds.length ? String(bounds[index]! / 1000) : '+Inf';
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: total };
  });
  return [...buckets, { metricName: `${name}_sum`, labels, value: sum / 1000 }, { metricName: `${name}_count`, labels, value: total }];
}
