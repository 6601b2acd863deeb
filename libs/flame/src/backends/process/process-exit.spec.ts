import { describe, expect, it } from 'vitest';
import { processExit } from './process-exit.js';

describe('processExit', () => {
  it.each([
    [{ code: 0 }, { how: 'exit', code: 0, text: 'exit code 0' }],
    [{ code: 7 }, { how: 'exit', code: 7, text: 'exit code 7' }],
    [{ signal: 'SIGKILL' as const }, { how: 'signal', signal: 'SIGKILL', text: 'killed by SIGKILL' }],
    [
      { code: 0, stopped: true },
      { how: 'stopped', code: 0, text: 'stopped (exit code 0)' },
    ],
    [
      { signal: 'SIGKILL' as const, stopped: true },
      { how: 'stopped', signal: 'SIGKILL', text: 'stopped (killed by SIGKILL)' },
    ],
    [
      { signal: 'SIGABRT' as const, heapFull: true },
      { how: 'oom', signal: 'SIGABRT', text: "out of memory: V8's heap was full (killed by SIGABRT; raise --max-old-space-size)" },
    ],
    [{ code: 78 }, { how: 'exit', code: 78, fatal: true, text: 'exit code 78' }],
    [{ signal: 'SIGABRT' as const }, { how: 'signal', signal: 'SIGABRT', text: 'killed by SIGABRT' }],
    [
      { code: 1, heapFull: true },
      { how: 'exit', code: 1, text: 'exit code 1' },
    ],
  ])('describes %j as %j', (end, exit) => {
    expect(processExit({ code: null, signal: null, stopped: false, heapFull: false, ...end })).toEqual(exit);
  });
});
