import { configExitCode } from '../../core/errors/config-exit-code.js';
import type { MachineExit } from '../backend.js';

/** What V8 prints before it aborts a process whose heap is full. */
export const heapIsFull = /JavaScript heap out of memory/;

/** What is known about the end of a process. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether `stop` was called before. */
  readonly stopped: boolean;
  readonly heapFull: boolean;
}

/** The end of a process in the pool's words. */
export function processExit({ code, signal, stopped, heapFull }: ProcessEnd): MachineExit {
  const how = signal === null ? `exit code ${code}` : `killed by ${signal}`;
  const facts = { ...(code !== null && { code }), ...(signal !== null && { signal }) };
  if (stopped) return { how: 'stopped', ...facts, text: `stopped (${how})` };
  // V8 aborts; a shell in between turns that into exit code 134.
  if (heapFull && (signal === 'SIGABRT' || code === 134))
    return { how: 'oom', ...facts, text: `out of memory: V8's heap was full (${how}; raise --max-old-space-size)` };
  if (code === configExitCode) return { how: 'exit', ...facts, fatal: true, text: how };
  return { how: signal === null ? 'exit' : 'signal', ...facts, text: how };
}
