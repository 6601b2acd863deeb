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
  one('counter', 'flame_calls_started_total', 'Calls that the pool has taken.', ({ callsTaken }) => callsTaken),
  {
    name: 'flame_calls_total',
    help: "Calls that have ended: their handler returned or threw, or FLAME failed them, by its error's code.",
    type: 'counter',
    samples: ({ calls }) => callOutcomes.map((outcome) => ({ labels: { outcome }, value: calls[outcome] })),
  },
  {
    name: 'flame_call_wait_seconds',
    help: 'How long calls waited for a slot.',
    type: 'histogram',
    histogram: ({ wait }) => wait,
  },
  {
    name: 'flame_call_duration_seconds',
    help: 'How long calls held their slot.',
    type: 'histogram',
    histogram: ({ duration }) => duration,
  },
  {
    name: 'flame_payload_bytes_total',
    help: 'Bytes of arguments that were sent, and of results and errors that were received.',
    type: 'counter',
    samples: ({ bytesSent, bytesReceived }) => [
      { labels: { direction: 'sent' }, value: bytesSent },
      { labels: { direction: 'received' }, value: bytesReceived },
    ],
  },
  one('gauge', 'flame_queue_length', 'Calls that wait for a slot.', ({ waiting }) => waiting),
  one('gauge', 'flame_queue_oldest_seconds', 'How long the first waiting call has waited.', ({ waitingFor }) => seconds(waitingFor)),
  one('gauge', 'flame_slots', 'Slots of the runners that are up.', ({ slots }) => slots),
  one('gauge', 'flame_slots_used', 'Slots in use.', ({ slotsUsed }) => slotsUsed),
  {
    name: 'flame_runners',
    help: 'Runners by state.',
    type: 'gauge',
    samples: ({ runners }) => Object.entries(runners).map(([state, value]) => ({ labels: { state }, value })),
  },
  one('gauge', 'flame_runners_min', 'Runners that the pool keeps.', ({ min }) => min),
  one('gauge', 'flame_runners_max', 'Runners that the pool may have.', ({ max }) => max),
  one('gauge', 'flame_pool_paused', '1 while calls wait because the pool is paused.', ({ paused }) => Number(paused)),
  one('gauge', 'flame_pool_draining', '1 once the pool takes no more calls.', ({ draining }) => Number(draining)),
  {
    name: 'flame_boots_total',
    help: 'Boots that have ended: up, or the phase in which they failed.',
    type: 'counter',
    samples: ({ boots }) => bootOutcomes.map((outcome) => ({ labels: { outcome }, value: boots[outcome] })),
  },
  {
    name: 'flame_boot_duration_seconds',
    help: 'How long boots took that succeeded.',
    type: 'histogram',
    histogram: ({ bootDuration }) => bootDuration,
  },
  one('counter', 'flame_runner_paid_seconds_total', 'Time for which runners existed.', ({ paid }) => seconds(paid)),
  one('counter', 'flame_runner_used_seconds_total', 'Time in which runners had work.', ({ used }) => seconds(used)),
  one('counter', 'flame_log_lines_total', 'Lines that runners logged or printed.', ({ logLines }) => logLines),
  one('counter', 'flame_log_lines_dropped_total', 'Those of them that were too many.', ({ logLinesDropped }) => logLinesDropped),
];

/** The metrics that runner processes report about themselves. They have the label `runner`, and end with the runner. */
export const runnerMetricTable: readonly MetricRow[] = [
  perRunner('counter', 'flame_runner_cpu_seconds_total', 'CPU time of a runner.', ({ cpu }) => seconds(cpu)),
  perRunner('gauge', 'flame_runner_resident_memory_bytes', 'Resident memory of a runner.', ({ memory }) => memory),
  perRunner('gauge', 'flame_runner_heap_used_bytes', "JavaScript's heap in use on a runner.", ({ heap }) => heap),
  perRunner(
    'gauge',
    'flame_runner_eventloop_delay_p99_seconds',
    "A runner's event loop was late by this at most, 99 of 100 times.",
    ({ delay }) => seconds(delay),
  ),
  perRunner('gauge', 'flame_runner_eventloop_delay_max_seconds', 'The most by which it was late.', ({ delayMax }) => seconds(delayMax)),
];
