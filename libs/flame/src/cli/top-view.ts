import { quantileOf } from '../core/metrics/histogram.js';
import type { HistogramNumbers } from '../core/metrics/histogram.js';
import type { PoolMetrics, RunnerMetrics } from '../core/metrics/pool-metrics.js';

/** A pool's metrics now, and at the previous update. */
export interface PoolRow {
  readonly now: PoolMetrics;
  readonly before: PoolMetrics | undefined;
}

/** The screen as lines: at most `rows` lines of at most `columns` characters. */
export function topLines(pools: readonly PoolRow[], { columns, rows }: { columns: number; rows: number }, address: string): string[] {
  const lines = [
    `nestjs-flame top   ${address}   ${new Date(pools[0]?.now.at ?? 0).toISOString().slice(11, 19)}   q quits`,
    ...pools.flatMap((pool) => ['', ...poolLines(pool, columns)]),
  ].map((line) => cut(line, columns));
  if (lines.length <= rows) return lines;
  const hidden = lines.length - rows + 1;
  return [...lines.slice(0, rows - 1), cut(`… ${hidden} more lines: enlarge the window, or use --pool`, columns)];
}

function poolLines({ now, before }: PoolRow, columns: number): string[] {
  const state = now.draining ? '  DRAINING' : now.paused ? '  PAUSED' : '';
  const recent = { wait: since(now.wait, before?.wait), duration: since(now.duration, before?.duration) };
  const failed = Object.entries(now.calls).filter(([outcome, count]) => outcome !== 'returned' && count > 0);
  const ended = Object.values(now.calls).reduce((sum, count) => sum + count, 0);
  return [
    `${now.pool} (${now.backend})${state}`,
    `  calls    ${rate(now, before)}/s, ${ended} ended${failed.map(([outcome, count]) => `, ${outcome} ${count}`).join('')}`,
    `  time     p50 ${time(quantileOf(recent.duration, 0.5))}  p99 ${time(quantileOf(recent.duration, 0.99))}  wait p99 ${time(quantileOf(recent.wait, 0.99))}`,
    `  queue    ${now.waiting} waiting${now.waiting > 0 ? `, the oldest for ${time(now.waitingFor)}` : ''}`,
    `  slots    ${now.slotsUsed} of ${now.slots}`,
    `  runners  ${now.perRunner.length}, ${now.min} to ${now.max}; ${time(now.paid)} paid, ${now.paid > 0 ? Math.round((now.used / now.paid) * 100) : 0}% with work`,
    ...now.perRunner.map((runner) => runnerLine(runner, before, now.at, columns)),
  ];
}

/** One runner as a lane: its slots as a bar, and the state of its process. */
function runnerLine(runner: RunnerMetrics, before: PoolMetrics | undefined, at: number, columns: number): string {
  const { state, phase, slots, slotsUsed, exists, processStats } = runner;
  const name = runner.runner.padEnd(22);
  if (state === 'booting') return `    ${name} booting (${phase ?? 'create'}) for ${time(exists)}`;
  const width = Math.min(slots, Math.max(8, Math.min(30, columns - 70)));
  const filled = Math.min(width, Math.ceil((slotsUsed / slots) * width));
  const bar = `[${'■'.repeat(filled)}${'·'.repeat(width - filled)}]`;
  const earlier = before?.perRunner.find((other) => other.runner === runner.runner)?.processStats;
  const cpu =
    processStats && earlier && before && at > before.at
      ? `${Math.round(((processStats.cpu - earlier.cpu) / (at - before.at)) * 100)}% cpu  `
      : '';
  const how = processStats ? `${cpu}${Math.round(processStats.memory / 1048576)} MiB  loop ${time(processStats.delay)}` : '';
  return `    ${name} ${bar} ${slotsUsed}/${slots} ${state.padEnd(8)} ${how}`;
}

/** Calls that ended per second, between the two updates. */
function rate(now: PoolMetrics, before: PoolMetrics | undefined): string {
  if (!before || now.at <= before.at) return '–';
  const total = (calls: PoolMetrics['calls']): number => Object.values(calls).reduce((sum, count) => sum + count, 0);
  const perSecond = ((total(now.calls) - total(before.calls)) / (now.at - before.at)) * 1000;
  return perSecond >= 10 ? perSecond.toFixed(0) : perSecond.toFixed(1);
}

/** The values since the previous update, or all values if there are no new ones. */
function since(now: HistogramNumbers, before: HistogramNumbers | undefined): HistogramNumbers {
  const counts = now.counts.map((count, bucket) => count - (before?.counts[bucket] ?? 0));
  return counts.some((count) => count > 0) ? { ...now, counts } : now;
}

function time(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return '–';
  if (milliseconds < 1) return '<1 ms';
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 120_000) return `${(milliseconds / 1_000).toFixed(1)} s`;
  if (milliseconds < 7_200_000) return `${Math.round(milliseconds / 60_000)} min`;
  return `${(milliseconds / 3_600_000).toFixed(1)} h`;
}

function cut(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, columns - 1)}…`;
}
