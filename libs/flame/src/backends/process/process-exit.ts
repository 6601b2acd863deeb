import { configExitCode } from '../../core/errors/config-exit-code.js';
import type { MachineExit } from '../backend.js';

/** V8 prints this before it aborts a process whose heap is full. */
export const heapIsFull = /JavaScript heap out of memory/;

/** The known facts about the end of a process. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether `stop` was called before the end. */
  readonly stopped: boolean;
  readonly heapFull: boolean;
}

/** Describes the end of a process as a `MachineExit`. */
export function processExit({ code, signal, stopped, heapFull }: ProcessEnd): MachineExit {
  const how = signal === null ? `exit code ${code}` : `killed by ${signal}`;
  const facts = { ...(code !== null && { code }), ...(signal !== null && { signal }) };
  if (stopped) return { how: 'stopped', ...facts, text: `stopped (${how})` };
  // V8 aborts with SIGABRT. A shell in between turns this into exit code 134.
  if (heapFull && (signal === 'SIGABRT' || code === 134))
    return { how: 'oom', ...facts, text: `out of memory: V8's heap was full (${how}; raise --max-old-space-size)` };
  if (code === configExitCode) return { how: 'exit', ...facts, fatal: true, text: how };
  return { how: signal === null ? 'exit' : 'signal', ...facts, text: how };
}
