import type { PoolStats, RunnerStats } from 'nestjs-flame';
import type { Batch } from './batch.js';
import type { View } from './display.js';
import type { PoolWatch } from './pool-watch.js';

const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const marks = { waiting: '·', answered: '◐', checked: '●', failed: '✖' } as const;

/** Shows a pool at work, and the batch that it works on. */
export function poolView(watch: Pick<PoolWatch, 'stats' | 'history'>, batch?: Pick<Batch, 'videos' | 'arrived' | 'expected'>): View {
  return {
    lines: () => {
      const { stats } = watch;
      if (!stats) return [];
      const lines = [
        `runners  ${[sparkline(watch.history, stats.max, 40), countRunners(stats)].filter(Boolean).join('  ')}`,
        ...[...stats.runners].sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true })).map(runnerLine),
        `calls    ${stats.running} running, ${stats.waiting} waiting`,
      ];
      if (batch)
        lines.push(
          `videos   ${batch.videos.map(({ state }) => marks[state]).join(' ')}   ${batch.arrived} of ${batch.expected} thumbnails`,
        );
      return lines;
    },
    line: () => {
      const { stats } = watch;
      if (!stats) return '';
      const thumbnails = batch ? [`${batch.arrived} of ${batch.expected} thumbnails`] : [];
      return [countRunners(stats), `${stats.running} running, ${stats.waiting} waiting`, ...thumbnails].join(' · ');
    },
  };
}

/** All samples in at most `width` bars, each as high as the highest of those it stands for; nothing where there was none. */
export function sparkline(samples: readonly number[], max: number, width: number): string {
  const share = Math.max(1, samples.length / width);
  const highest = Array.from({ length: Math.min(samples.length, width) }, (_, at) =>
    Math.max(...samples.slice(Math.floor(at * share), Math.floor((at + 1) * share))),
  );
  return highest.map((sample) => (sample === 0 ? ' ' : bars[Math.min(bars.length, Math.ceil((sample / max) * bars.length)) - 1])).join('');
}

function countRunners({ runners, max }: PoolStats): string {
  const states = (['ready', 'booting', 'leaving', 'stopping'] as const)
    .map((state) => ({ state, count: runners.filter((runner) => runner.state === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${count} ${state}`);
  return `${states.join(', ') || '0'} of ${max} runners`;
}

function runnerLine({ id, machine = '', state, load, slots, served }: RunnerStats): string {
  const work = state === 'booting' ? '' : `slots ${'■'.repeat(load)}${'□'.repeat(Math.max(0, slots - load))}  ${served} taken`;
  return `  ${id.padEnd(16)} ${machine.padEnd(10)} ${state.padEnd(9)} ${work}`.trimEnd();
}
