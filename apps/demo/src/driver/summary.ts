import { availableParallelism } from 'node:os';
import { seconds } from './seconds.js';

/** How one way of doing the work went. */
export interface Run {
  /** Milliseconds from the first post to the last answer. */
  readonly took: number;
  /** The processes that did the work. */
  readonly madeBy: ReadonlySet<number>;
  readonly thumbnails: number;
}

/** The end of the demo: both runs, side by side. */
export function summarize(
  pool: Run & { firstUp: number; idledOut: number },
  single: Run,
  videos: number,
  cores = availableParallelism(),
): string[] {
  const factor = single.took / pool.took;
  return [
    `${videos} videos, one ffmpeg thread each, on ${cores} ${cores === 1 ? 'core' : 'cores'}:`,
    `  on the pool        ${seconds(pool.took).padStart(7)}   ${plural(pool.madeBy.size, 'runner')} (${pids(pool)}), the first ready after ${seconds(pool.firstUp)}`,
    `  in one process     ${seconds(single.took).padStart(7)}   one video after the other (${pids(single)})`,
    `  that is            ${factor.toFixed(1).padStart(5)} ×   ${factor >= 1 ? 'faster' : 'as fast: booting runners cost more than they brought'}`,
    `  files made         ${String(pool.thumbnails + single.thumbnails).padStart(5)}     PNG thumbnails, each one checked`,
    `  processes left         0     the last runner was gone ${seconds(pool.idledOut)} after the last call`,
  ];
}

function pids({ madeBy }: Run): string {
  return `pid ${[...madeBy].sort((a, b) => a - b).join(', ')}`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
