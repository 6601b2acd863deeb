import { describe, expect, it } from 'vitest';
import { summarize } from './summary.js';

const pool = { took: 8_000, madeBy: new Set([12, 11]), thumbnails: 144, firstUp: 900, idledOut: 3_100 };
const single = { took: 14_000, madeBy: new Set([20]), thumbnails: 144 };

describe('summarize', () => {
  it('prints both runs side by side', () => {
    expect(summarize(pool, single, 8, 2)).toEqual([
      '8 videos, one ffmpeg thread each, on 2 cores:',
      '  on the pool          8.0 s   from none to 2 runners, the first ready after 0.9 s',
      '  in one process      14.0 s   one video after the other',
      '  that is              1.8 ×   as fast on the pool',
      '  runners used           2     pid 11, 12',
      '  files made           288     PNG thumbnails, each one checked',
      '  processes left         0     the last runner was gone 3.1 s after the last call',
    ]);
  });

  it('prints that the pool was not faster', () => {
    expect(summarize({ ...pool, took: 20_000 }, single, 8, 1).join('\n')).toContain(
      '0.7 ×   as fast on the pool: booting runners cost as much as they brought',
    );
  });
});
