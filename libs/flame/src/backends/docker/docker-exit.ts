import type { MachineExit } from '../backend.js';
import { signalOfExitCode, signalOfNumber } from '../platform/machine-end.js';
import { processExit } from '../process/process-exit.js';

/** The known facts about the end of a container. */
export interface ContainerEnd {
  readonly code: number;
  readonly oomKilled: boolean;
  /** In bytes; 0 if there is no limit. */
  readonly memoryLimit: number;
  /** Whether the backend stopped the container. */
  readonly stopped: boolean;
  readonly heapFull: boolean;
  /** The signals that the engine sent for other clients. */
  readonly sent: readonly string[];
}

/** Exit codes of the init process, and of a shell, if they cannot run their command. */
const notStarted: Readonly<Record<number, string>> = {
  126: 'its command cannot be executed',
  127: 'its command is not in the image',
};

/**
 * Describes the end of a container as a `MachineExit`. The container's init process reports a signal as exit code 128 plus the signal's
 * number.
 */
export function dockerExit({ code, oomKilled, memoryLimit, stopped, heapFull, sent }: ContainerEnd): MachineExit {
  const signal = signalOfExitCode(code);
  const how = signal === undefined ? `exit code ${code}` : `killed by ${signal}`;
  const facts = { code, ...(signal !== undefined && { signal }) };
  if (stopped) return { how: 'stopped', ...facts, text: `stopped (${how})` };
  // The engine also sets `oomKilled` if it killed a process that the runner had spawned and the runner lived on.
  if (oomKilled && signal === 'SIGKILL') return { how: 'oom', ...facts, text: `out of memory (limit ${mebibytes(memoryLimit)})` };
  const [first] = sent;
  if (first === 'SIGTERM')
    return { how: 'stopped', ...facts, text: `its container was stopped from outside, for example with docker stop (${how})` };
  if (first !== undefined && first === signal)
    return { how: 'signal', ...facts, text: `${how}, sent from outside, for example with docker kill` };
  const lacking = notStarted[code];
  if (lacking !== undefined) return { how: 'exit', ...facts, fatal: true, text: `exit code ${code}: ${lacking}` };
  return { ...processExit({ code: signal ? null : code, signal: signal ?? null, stopped, heapFull }), code };
}

/** The name of a signal in the engine's events, which contain a number or a name. */
export function signalName(written: string): string {
  return signalOfNumber(Number(written)) ?? (written.startsWith('SIG') ? written : `SIG${written}`);
}

function mebibytes(bytes: number): string {
  return bytes > 0 ? `${Math.round(bytes / 1024 ** 2)} MiB` : 'of the host';
}
