import { Logger } from '@nestjs/common';
import type { FlameLog } from '../core/flame-log.js';

/** The library's own words, through Nest's logger. */
export const nestLog: FlameLog = new Logger('Flame');

/** A line that a runner's process printed, under the runner's name. Runner ids start with their pool's name. */
export function logOutput(line: string, stream: 'stdout' | 'stderr', runner: string): void {
  if (line.trim() === '') return;
  if (stream === 'stderr') Logger.warn(line, `Flame ${runner}`);
  else Logger.log(line, `Flame ${runner}`);
}

/** A line of a runner's own logger. */
export function logRunnerLine(level: string, text: string, runner: string): void {
  const context = `Flame ${runner}`;
  switch (level) {
    case 'debug':
      return Logger.debug(text, context);
    case 'warn':
      return Logger.warn(text, context);
    case 'error':
      return Logger.error(text, context);
    default:
      return Logger.log(text, context);
  }
}
