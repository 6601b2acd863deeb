import { stripVTControlCharacters } from 'node:util';
import { ConsoleLogger, Logger } from '@nestjs/common';
import type { FlameLog } from '../core/flame-log.js';

/** The library's own words, through Nest's logger. */
export const nestLog: FlameLog = new Logger('Flame');

/** What Nest's ConsoleLogger puts before a message, up to its level. The date is in the form of the process's locale. */
const nestLine = /^\[[^\]]+\] \d+ +- .*? (LOG|WARN|ERROR|DEBUG|VERBOSE|FATAL) (.*)$/;

/** Where a line comes from. */
export interface LineOrigin {
  readonly pool: string;
  readonly runner: string;
  /** 0 for a line that belongs to no call. */
  readonly call: number;
}

/** A line that a runner's process printed, under the runner's name, at the level at which the runner's own logger gave it. */
export function logOutput(line: string, stream: 'stdout' | 'stderr', origin: LineOrigin): void {
  const text = stripVTControlCharacters(line);
  if (text.trim() === '') return;
  const json = readJsonLine(text);
  if (json) return logRunnerLine(json.level, json.text, origin);
  const [, level, message] = nestLine.exec(text) ?? [];
  logRunnerLine(level?.toLowerCase() ?? (stream === 'stderr' ? 'warn' : 'log'), message ?? line, origin);
}

/** A line as Nest's ConsoleLogger writes it with `json: true`. */
function readJsonLine(line: string): { level: string; text: string } | undefined {
  if (!line.startsWith('{"level":"')) return undefined;
  try {
    const { level, message, context } = JSON.parse(line) as { level: string; message?: unknown; context?: unknown };
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    return { level, text: typeof context === 'string' ? `[${context}] ${text}` : text };
  } catch {
    // It is some other program's.
    return undefined;
  }
}

/** A line of a runner's own logger: text with the runner's name, or, where this process logs JSON, an object with all that is known of it. */
export function logRunnerLine(level: string, text: string, { pool, runner, call }: LineOrigin): void {
  const context = call > 0 ? `Flame ${runner} call ${call}` : `Flame ${runner}`;
  const message = logsJson() ? { message: text, pool, runner, ...(call > 0 ? { call } : {}) } : text;
  switch (level) {
    case 'debug':
    case 'verbose':
      return Logger.debug(message, context);
    case 'warn':
      return Logger.warn(message, context);
    case 'error':
    case 'fatal':
      return Logger.error(message, context);
    case 'dropped':
      return Logger.warn(`${text} of its lines were dropped: they came too fast`, context);
    default:
      return Logger.log(message, context);
  }
}

/** Whether the app's logger is Nest's own, and writes JSON. */
function logsJson(): boolean {
  const { staticInstanceRef: logger } = Logger as unknown as { staticInstanceRef?: { options?: { json?: boolean } } };
  return logger instanceof ConsoleLogger && (logger as unknown as { options?: { json?: boolean } }).options?.json === true;
}
