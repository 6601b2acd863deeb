import { ConsoleLogger, Logger } from '@nestjs/common';
import { beforeEach, describe, expect, it } from 'vitest';
import { logOutput, logRunnerLine } from './nest-log.js';

describe('logOutput', () => {
  let told: string[] = [];
  beforeEach(() => {
    told = [];
    const keep = (level: string) => (text: string, context: string) => void told.push(`${level} [${context}] ${text}`);
    Logger.overrideLogger({
      log: keep('log'),
      warn: keep('warn'),
      error: keep('error'),
      debug: keep('debug'),
      verbose: keep('verbose'),
      fatal: keep('fatal'),
    });
  });

  it.each([
    ['plain', 'stdout', 'log [Flame ffmpeg-1] plain'],
    ['plain', 'stderr', 'warn [Flame ffmpeg-1] plain'],
    ['\u001b[31mred\u001b[39m', 'stdout', 'log [Flame ffmpeg-1] \u001b[31mred\u001b[39m'],
    ['[Nest] 7  - 11/21/2026, 11:33:10 AM     LOG [Videos] starts +1ms', 'stdout', 'log [Flame ffmpeg-1] [Videos] starts +1ms'],
    ['[Nest] 7  - 21.11.2026, 11:33:10   ERROR [Videos] fails', 'stderr', 'error [Flame ffmpeg-1] [Videos] fails'],
    ['{"level":"error","pid":7,"timestamp":1,"message":"fails","context":"Videos"}', 'stderr', 'error [Flame ffmpeg-1] [Videos] fails'],
    ['{"level":30,"time":1,"pid":7,"hostname":"h","context":"Videos","msg":"starts"}', 'stdout', 'log [Flame ffmpeg-1] [Videos] starts'],
    [
      '{"level":10,"time":1,"msg":"a","file":"x.mp4","of":{"id":2}}',
      'stdout',
      "verbose [Flame ffmpeg-1] a { file: 'x.mp4', of: { id: 2 } }",
    ],
    ['{"level":20,"time":1,"msg":"a"}', 'stdout', 'debug [Flame ffmpeg-1] a'],
    ['{"level":40,"time":1,"msg":"a"}', 'stdout', 'warn [Flame ffmpeg-1] a'],
    [
      '{"level":50,"time":1,"err":{"type":"Error","stack":"Error: no\\n    at f (a.js:1:2)"},"msg":"a"}',
      'stdout',
      'error [Flame ffmpeg-1] a \nError: no\n    at f (a.js:1:2)',
    ],
    ['{"level":60,"time":1,"msg":"a"}', 'stdout', 'fatal [Flame ffmpeg-1] a'],
    ['{"level":30,"time":1,"file":"x.mp4"}', 'stdout', "log [Flame ffmpeg-1] { file: 'x.mp4' }"],
    ['{"time":"2020-01-01T00:00:00Z","level":"info","msg":"a"}', 'stdout', 'log [Flame ffmpeg-1] a'],
    ['{"message":"a","level":"silly"}', 'stdout', 'verbose [Flame ffmpeg-1] a'],
    [
      '{"level":"fatal","timestamp":1,"message":{"message":"a","id":1},"context":"Videos"}',
      'stderr',
      'fatal [Flame ffmpeg-1] [Videos] a { id: 1 }',
    ],
    ['{"level":"high","height":3}', 'stdout', 'log [Flame ffmpeg-1] {"level":"high","height":3}'],
    [
      '{"message":"runner ffmpeg-1 of pool \\"ffmpeg\\" is up","context":"Flame","level":"log"}',
      'stdout',
      'log [Flame ffmpeg-1] this runner is up',
    ],
    ['{"level":"no', 'stdout', 'log [Flame ffmpeg-1] {"level":"no'],
    [
      '\u001b[33m[Nest] 7  - \u001b[39m1/2/2026, 1:00:00 PM \u001b[33m   WARN\u001b[39m \u001b[33mhm\u001b[39m',
      'stdout',
      'warn [Flame ffmpeg-1] hm',
    ],
  ] as const)('logs %j of %s at its level, with the runner’s name as its only prefix', (line, stream, expected) => {
    logOutput(line, stream, { pool: 'ffmpeg', runner: 'ffmpeg-1', call: 0 });
    expect(told).toEqual([expected]);
  });

  it('omits empty lines', () => {
    logOutput('  ', 'stdout', { pool: 'ffmpeg', runner: 'ffmpeg-1', call: 0 });
    logOutput('\u001b[39m', 'stderr', { pool: 'ffmpeg', runner: 'ffmpeg-1', call: 0 });
    expect(told).toEqual([]);
  });

  it.each([
    '[Nest] 7  - 11/21/2026, 11:33:10 AM     LOG [NestFactory] Starting Nest application...',
    '{"level":"log","pid":7,"timestamp":1,"message":"Mapped {/a, GET} route","context":"RouterExplorer"}',
    '{"level":30,"time":1,"pid":7,"hostname":"h","context":"InstanceLoader","msg":"AppModule dependencies initialized"}',
  ])("logs %j, a message of Nest's start, only on request", (line) => {
    const origin = { pool: 'ffmpeg', runner: 'ffmpeg-1', call: 0 };
    logOutput(line, 'stdout', origin);
    expect(told).toEqual([]);
    logOutput(line, 'stdout', origin, true);
    expect(told).toHaveLength(1);
  });

  it('always logs errors of Nest’s start', () => {
    logOutput('[Nest] 7  - 1/2/2026, 1:00:00 PM   ERROR [NestFactory] no', 'stderr', { pool: 'ffmpeg', runner: 'ffmpeg-1', call: 0 });
    expect(told).toEqual(['error [Flame ffmpeg-1] [NestFactory] no']);
  });
});

describe('logRunnerLine', () => {
  const origin = { pool: 'ffmpeg', runner: 'ffmpeg-1', call: 7 };
  const keep = (told: string[], level: string) => (text: unknown) =>
    void told.push(`${level} ${typeof text === 'string' ? text : JSON.stringify(text)}`);

  it('uses the nearest level if the app’s logger lacks one', () => {
    const told: string[] = [];
    Logger.overrideLogger({ log: keep(told, 'log'), warn: keep(told, 'warn'), error: keep(told, 'error') });
    for (const level of ['verbose', 'debug', 'fatal', 'unheard-of']) logRunnerLine(level, level, origin);
    expect(told).toEqual(['log verbose', 'log debug', 'error fatal', 'log unheard-of']);
  });

  it('adds the time only to a line that arrives late', () => {
    const told: string[] = [];
    Logger.overrideLogger({ log: keep(told, 'log'), warn: keep(told, 'warn'), error: keep(told, 'error') });
    const time = Date.now() - 2_000;
    for (const at of [time, Date.now(), undefined, Infinity, 1]) logRunnerLine('log', 'a', { ...origin, time: at });
    expect(told).toEqual([`log a (logged at ${new Date(time).toISOString()})`, 'log a', 'log a', 'log a', 'log a']);
  });

  it('adds the time to every line if the app logs JSON', () => {
    const told: string[] = [];
    const logger = new ConsoleLogger({ json: true });
    logger.warn = keep(told, 'warn');
    Logger.overrideLogger(logger);
    logRunnerLine('warn', 'a', { ...origin, time: 5 });
    expect(told).toEqual(['warn {"message":"a","pool":"ffmpeg","runner":"ffmpeg-1","call":7,"timestamp":5}']);
  });
});
