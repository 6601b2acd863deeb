import { stripVTControlCharacters } from 'node:util';
import { Logger } from '@nestjs/common';
import type { FlameLog } from '../core/flame-log.js';

/** The library's own words, through Nest's logger. */
export const nestLog: FlameLog = new Logger('Flame');

/** What Nest's ConsoleLogger puts before a message, up to its level. The date is in the form of the process's locale. */
const nestLine = /^\[[^\]]+\] \d+ +- .*? (LOG|WARN|ERROR|DEBUG|VERBOSE|FATAL) (.*)$/;

/** A line that a runner's process printed, under the runner's name, at the level at which the runner's own logger gave it. */
export function logOutput(line: string, stream: 'stdout' | 'stderr', runner: string): void {
  const text = stripVTControlCharacters(line);
  if (text.trim() === '') return;
  const [, level, message] = nestLine.exec(text) ?? [];
  logRunnerLine(level?.toLowerCase() ?? (stream === 'stderr' ? 'warn' : 'log'), message ?? line, runner);
}

/** A line of a runner's own logger. Runner ids start with their pool's name. */
export function logRunnerLine(level: string, text: string, runner: string): void {
  const context = `Flame ${runner}`;
  switch (level) {
    case 'debug':
    case 'verbose':
      return Logger.debug(text, context);
    case 'warn':
      return Logger.warn(text, context);
    case 'error':
    case 'fatal':
      return Logger.error(text, context);
    default:
      return Logger.log(text, context);
  }
}
