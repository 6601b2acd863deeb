import { Logger } from '@nestjs/common';
import { beforeEach, describe, expect, it } from 'vitest';
import { logOutput } from './nest-log.js';

describe('logOutput', () => {
  let told: string[] = [];
  beforeEach(() => {
    told = [];
    const keep = (level: string) => (text: string, context: string) => void told.push(`${level} [${context}] ${text}`);
    Logger.overrideLogger({ log: keep('log'), warn: keep('warn'), error: keep('error'), debug: keep('debug') });
  });

  it.each([
    ['plain', 'stdout', 'log [Flame ffmpeg-1] plain'],
    ['plain', 'stderr', 'warn [Flame ffmpeg-1] plain'],
    ['\u001b[31mred\u001b[39m', 'stdout', 'log [Flame ffmpeg-1] \u001b[31mred\u001b[39m'],
    ['[Nest] 7  - 11/21/2026, 11:33:10 AM     LOG [Videos] starts +1ms', 'stdout', 'log [Flame ffmpeg-1] [Videos] starts +1ms'],
    ['[Nest] 7  - 21.11.2026, 11:33:10   ERROR [Videos] fails', 'stderr', 'error [Flame ffmpeg-1] [Videos] fails'],
    ['{"level":"error","pid":7,"timestamp":1,"message":"fails","context":"Videos"}', 'stderr', 'error [Flame ffmpeg-1] [Videos] fails'],
    ['{"level":"no', 'stdout', 'log [Flame ffmpeg-1] {"level":"no'],
    [
      '\u001b[33m[Nest] 7  - \u001b[39m1/2/2026, 1:00:00 PM \u001b[33m   WARN\u001b[39m \u001b[33mhm\u001b[39m',
      'stdout',
      'warn [Flame ffmpeg-1] hm',
    ],
  ] as const)('tells %j of %s at its level, under the runner’s name, with one prefix', (line, stream, expected) => {
    logOutput(line, stream, { pool: 'ffmpeg', runner: 'ffmpeg-1', call: 0 });
    expect(told).toEqual([expected]);
  });

  it('leaves empty lines out', () => {
    logOutput('  ', 'stdout', { pool: 'ffmpeg', runner: 'ffmpeg-1', call: 0 });
    logOutput('\u001b[39m', 'stderr', { pool: 'ffmpeg', runner: 'ffmpeg-1', call: 0 });
    expect(told).toEqual([]);
  });
});
