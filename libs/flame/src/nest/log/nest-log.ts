import { stripVTControlCharacters } from 'node:util';
import { ConsoleLogger, Logger } from '@nestjs/common';
import type { LoggerService, LogLevel } from '@nestjs/common';
import type { FlameLog } from '../../core/flame-log.js';
import { readJsonLine, withContext } from './log-text.js';

/** The library's own words, through Nest's logger. */
export const nestLog: FlameLog = new Logger('Flame');

/** What Nest's ConsoleLogger puts before a message, up to its level. The date is in the form of the process's locale. */
const nestLine = /^\[[^\]]+\] \d+ +- .*? (LOG|WARN|ERROR|DEBUG|VERBOSE|FATAL) (?:\[([^\]]+)\] )?(.*)$/;

/** Where Nest says what it starts: modules, routes, gateways. */
const startup = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'NestMicroservice',
  'WebSocketsController',
]);

/** Where a line comes from. */
export interface LineOrigin {
  readonly pool: string;
  readonly runner: string;
  /** 0 for a line that belongs to no call. */
  readonly call: number;
  /** When it was logged, in milliseconds since 1970, where that is known. */
  readonly time?: number | undefined;
}

/**
 * A line that a runner's process printed, under the runner's name, at the level at which the runner's own logger gave it. What Nest says of its start is
 * left out, unless `withStartup`.
 */
export function logOutput(line: string, stream: 'stdout' | 'stderr', origin: LineOrigin, withStartup = false): void {
  const plain = stripVTControlCharacters(line);
  if (plain.trim() === '') return;
  const said = readJsonLine(plain) ?? readNestLine(plain);
  if (!said) return logRunnerLine(stream === 'stderr' ? 'warn' : 'log', line, origin);
  if (!withStartup && said.level === 'log' && startup.has(said.context ?? '')) return;
  logRunnerLine(said.level, withContext(said), { ...origin, time: said.time });
}

/** A line as Nest's ConsoleLogger writes it. Its time has no zone, and so is left to the parent. */
function readNestLine(line: string): ReturnType<typeof readJsonLine> {
  const [, level, context, text] = nestLine.exec(line) ?? [];
  return level === undefined ? undefined : { level: level.toLowerCase(), context, text: text!, time: undefined };
}

/** A line of a runner's own logger: text with the runner's name, or, where this process logs JSON, an object with all that is known of it. */
export function logRunnerLine(level: string, said: string, { pool, runner, call, time = NaN }: LineOrigin): void {
  const context = call > 0 ? `Flame ${runner} call ${call}` : `Flame ${runner}`;
  if (level === 'dropped') return Logger.warn(`${said} of its lines were dropped: they came too fast`, context);
  const date = new Date(time);
  const timestamp = date.getTime();
  const delay = Math.abs(Date.now() - timestamp);
  const late = delay >= shownDelay && delay < longestDelay;
  const message = logsJson()
    ? { message: said, pool, runner, ...(call > 0 ? { call } : {}), ...(Number.isNaN(timestamp) ? {} : { timestamp }) }
    : late
      ? `${said} (logged at ${date.toISOString()})`
      : said;
  Logger[levelHere(level)](message, context);
}

/** The logger's own time is good enough for a line that came sooner, in milliseconds. */
const shownDelay = 1_000;
/** More is no delay, but a clock that is wrong. */
const longestDelay = 86_400_000;

/** The levels to try where the app's logger lacks one: only `log`, `warn` and `error` are required of it. */
const nextLevel: Readonly<Partial<Record<LogLevel, LogLevel>>> = { fatal: 'error', verbose: 'debug', debug: 'log' };

function levelHere(level: string): LogLevel {
  const known = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'] satisfies LogLevel[];
  let found: LogLevel | undefined = known.find((name) => name === level) ?? 'log';
  const logger = appLogger();
  while (logger && typeof logger[found] !== 'function' && nextLevel[found]) found = nextLevel[found]!;
  return found;
}

function appLogger(): LoggerService | undefined {
  return (Logger as unknown as { staticInstanceRef?: LoggerService }).staticInstanceRef;
}

/** Whether the app's logger is Nest's own, and writes JSON. */
function logsJson(): boolean {
  const logger = appLogger();
  return logger instanceof ConsoleLogger && (logger as unknown as { options?: { json?: boolean } }).options?.json === true;
}
