import { bootOutcomes, callOutcomes } from '../core/metrics/pool-metrics.js';
import type { PoolMetrics, RunnerMetrics } from '../core/metrics/pool-metrics.js';
import type { HistogramNumbers } from '../core/metrics/histogram.js';

/** One value with its labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric by Prometheus's conventions: in base units, with counters that end in `_total`. */
export type MetricRow = { readonly name: string; readonly help: string } & (
  | { readonly type: 'counter' | 'gauge'; readonly samples: (pool: PoolMetrics) => readonly Sample[] }
  | { readonly type: 'histogram'; readonly histogram: (pool: PoolMetrics) => HistogramNumbers }
);

const seconds = (milliseconds: number): number => milliseconds / 1000;

function one(type: 'counter' | 'gauge', name: string, help: string, value: (pool: PoolMetrics) => number): MetricRow {
  return { name, help, type, samples: (pool) => [{ labels: {}, value: value(pool) }] };
}

/** One sample for each runner that has reported its process stats. */
function perRunner(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  value: (processStats: NonNullable<RunnerMetrics['processStats']>) => number,
): MetricRow {
  const samples = ({ perRunner }: PoolMetrics): Sample[] =>
    perRunner.flatMap(({ runner, processStats }) => (processStats ? [{ labels: { runner }, value: value(processStats) }] : []));
  return { name, help, type, samples };
}

/** The metrics of a pool. Counters start with the pool. */
export const poolMetricTable: readonly MetricRow[] = [
  one('counter', 'flame_calls_started_total', 'Calls that the pool has accepted.', ({ callsTaken }) => callsTaken),
  {
    name: 'flame_calls_total',
    help: 'Ended calls by outcome: returned, threw, or the code of the FlameError.',
    type: 'counter',
    samples: ({ calls }) => callOutcomes.map((outcome) => ({ labels: { outcome }, value: calls[outcome] })),
  },
  {
    name: 'flame_call_wait_seconds',
    help: 'Time for which calls waited for a slot.',
    type: 'histogram',
    histogram: ({ wait }) => wait,
  },
  {
    name: 'flame_call_duration_seconds',
    help: 'Time for which calls held their slot.',
    type: 'histogram',
    histogram: ({ duration }) => duration,
  },
  {
    name: 'flame_payload_bytes_total',
    help: 'Encoded bytes of arguments sent, and of results and errors received.',
    type: 'counter',
    samples: ({ bytesSent, bytesReceived }) => [
      { labels: { direction: 'sent' }, value: bytesSent },
      { labels: { direction: 'received' }, value: bytesReceived },
    ],
  },
  one('gauge', 'flame_queue_length', 'Calls waiting for a slot.', ({ waiting }) => waiting),
  one('gauge', 'flame_queue_oldest_seconds', 'Time for which the oldest waiting call has waited.', ({ waitingFor }) => seconds(waitingFor)),
  one('gauge', 'flame_slots', 'Slots of the runners that are up.', ({ slots }) => slots),
  one('gauge', 'flame_slots_used', 'Slots in use.', ({ slotsUsed }) => slotsUsed),
  {
    name: 'flame_runners',
    help: 'Runners by state.',
    type: 'gauge',
    samples: ({ runners }) => Object.entries(runners).map(([state, value]) => ({ labels: { state }, value })),
  },
  one('gauge', 'flame_runners_min', 'Minimum number of runners (option min).', ({ min }) => min),
  one('gauge', 'flame_runners_max', 'Maximum number of runners (option max).', ({ max }) => max),
  one('gauge', 'flame_pool_paused', '1 while the pool is paused, so that its calls wait.', ({ paused }) => Number(paused)),
  one('gauge', 'flame_pool_draining', '1 once the pool is draining and accepts no more calls.', ({ draining }) => Number(draining)),
  {
    name: 'flame_boots_total',
    help: 'Ended boots by outcome: up, or the phase that failed.',
    type: 'counter',
    samples: ({ boots }) => bootOutcomes.map((outcome) => ({ labels: { outcome }, value: boots[outcome] })),
  },
  {
    name: 'flame_boot_duration_seconds',
    help: 'Duration of successful boots.',
    type: 'histogram',
    histogram: ({ bootDuration }) => bootDuration,
  },
  one('counter', 'flame_runner_paid_seconds_total', 'Total time for which runners existed.', ({ paid }) => seconds(paid)),
  one('counter', 'flame_runner_used_seconds_total', 'Total time in which runners had at least one call.', ({ used }) => seconds(used)),
  one('counter', 'flame_log_lines_total', 'Log lines and output lines of runners.', ({ logLines }) => logLines),
  one(
    'counter',
    'flame_log_lines_dropped_total',
    'Lines of runners that were dropped because they came too fast.',
    ({ logLinesDropped }) => logLinesDropped,
  ),
];

/** The metrics that runner processes report about themselves. They have the label `runner`, and end with the runner. */
export const runnerMetricTable: readonly MetricRow[] = [
  perRunner('counter', 'flame_runner_cpu_seconds_total', 'CPU time of a runner.', ({ cpu }) => seconds(cpu)),
  perRunner('gauge', 'flame_runner_resident_memory_bytes', 'Resident memory of a runner.', ({ memory }) => memory),
  perRunner('gauge', 'flame_runner_heap_used_bytes', 'V8 heap in use on a runner.', ({ heap }) => heap),
  perRunner('gauge', 'flame_runner_eventloop_delay_p99_seconds', "99th percentile of a runner's event loop delay.", ({ delay }) =>
    seconds(delay),
  ),
  perRunner('gauge', 'flame_runner_eventloop_delay_max_seconds', "Maximum of a runner's event loop delay.", ({ delayMax }) =>
    seconds(delayMax),
  ),
];
