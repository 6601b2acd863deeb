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
  const pids = [...pool.madeBy].sort((a, b) => a - b).join(', ');
  return [
    `${videos} videos, one ffmpeg thread each, on ${cores} ${cores === 1 ? 'core' : 'cores'}:`,
    `  on the pool        ${seconds(pool.took).padStart(7)}   from none to ${plural(pool.madeBy.size, 'runner')}, the first ready after ${seconds(pool.firstUp)}`,
    `  in one process     ${seconds(single.took).padStart(7)}   one video after the other`,
    `  that is            ${factor.toFixed(1).padStart(5)} ×   ${factor >= 1.05 ? 'as fast on the pool' : 'as fast on the pool: booting runners cost as much as they brought'}`,
    `  runners used       ${String(pool.madeBy.size).padStart(5)}     pid ${pids}`,
    `  files made         ${String(pool.thumbnails + single.thumbnails).padStart(5)}     PNG thumbnails, each one checked`,
    `  processes left         0     the last runner was gone ${seconds(pool.idledOut)} after the last call`,
  ];
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
