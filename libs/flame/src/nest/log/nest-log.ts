import { stripVTControlCharacters } from 'node:util';
import { ConsoleLogger, Logger } from '@nestjs/common';
import type { LoggerService, LogLevel } from '@nestjs/common';
import type { FlameLog } from '../../core/flame-log.js';
import { readJsonLine, withContext } from './log-text.js';

/** The library's own words, through Nest's logger. */
export const nestLog: FlameLog = new Logger('Flame');

/** What Nest's ConsoleLogger puts before a message, up to its level. The date is in the form of the process's locale. */
const nestLine = /^\[[^\]]+\] \d+ +- .*? (LOG|WARN|ERROR|DEBUG|VERBOSE|FATAL) (?:\[([^\]]+)\] )?(.*)$/;

/** Contexts of Nest's own start-up lines: modules, routes, gateways. */
const startup = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'NestMicroservice',
  'WebSocketsController',
]);

/** The origin of a line. */
export interface LineOrigin {
  readonly pool: string;
  readonly runner: string;
  /** 0 for a line that belongs to no call. */
  readonly call: number;
  /** When it was logged, in milliseconds since 1970; undefined if unknown. */
  readonly time?: number | undefined;
}

/**
 * Logs a line of a runner's output under the runner's name, at the level that the runner's own logger wrote. Nest's start-up lines are left
 * out unless `withStartup`.
 */
export function logOutput(line: string, stream: 'stdout' | 'stderr', origin: LineOrigin, withStartup = false): void {
  const plain = stripVTControlCharacters(line);
  if (plain.trim() === '') return;
  const said = readJsonLine(plain) ?? readNestLine(plain);
  if (!said) return logRunnerLine(stream === 'stderr' ? 'warn' : 'log', line, origin);
  if (!withStartup && said.level === 'log' && startup.has(said.context ?? '')) return;
  logRunnerLine(said.level, withContext(said), { ...origin, time: said.time });
}

/** Reads a line of Nest's ConsoleLogger. Its time has no zone and is ignored. */
function readNestLine(line: string): ReturnType<typeof readJsonLine> {
  const [, level, context, text] = nestLine.exec(line) ?? [];
  return level === undefined ? undefined : { level: level.toLowerCase(), context, text: text!, time: undefined };
}

/**
 * Logs a line of a runner's own logger: as text with the runner's name or, if this process logs JSON, as an object with its pool, runner
 * and call.
 */
export function logRunnerLine(level: string, said: string, { pool, runner, call, time = NaN }: LineOrigin): void {
  const context = call > 0 ? `Flame ${runner} call ${call}` : `Flame ${runner}`;
  if (level === 'dropped') return Logger.warn(`${said} of its lines were dropped, because they came too fast`, context);
  // The library's own lines name the runner, for those who read the runner's own output. Here the context does.
  const itself = `[Flame] runner ${runner} of pool "${pool}"`;
  if (said.startsWith(itself)) said = `this runner${said.slice(itself.length)}`;
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

/** A line that arrived sooner shows only the logger's own time, in milliseconds. */
const shownDelay = 1_000;
/** A longer delay is a wrong clock. */
const longestDelay = 86_400_000;

/** The level to try if the app's logger lacks one: Nest only requires `log`, `warn` and `error`. */
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
