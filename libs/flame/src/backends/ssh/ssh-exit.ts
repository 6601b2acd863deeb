import type { MachineExit } from '../backend.js';
import { processExit } from '../process/process-exit.js';
import type { RunnerExit } from './supervisor/supervisor-messages.js';

/** What is known beside the supervisor's report. */
export interface ExitContext {
  readonly host: string;
  /** Whether the backend stopped the runner. */
  readonly stopped: boolean;
  /** Whether V8 has reported that its heap is full. */
  readonly heapFull: boolean;
}

/** Describes the end of a runner's process on a host as a `MachineExit`. */
export function sshExit({ code, signal, oom, gone }: RunnerExit, { host, stopped, heapFull }: ExitContext): MachineExit {
  const end = processExit({ code, signal, stopped, heapFull });
  const left = gone ? '' : `; processes that it started still run on ${host}`;
  if (oom && end.how === 'signal')
    return {
      ...end,
      how: 'oom',
      text: `killed by SIGKILL, probably out of memory: the kernel of ${host} has just killed a process for that${left}`,
    };
  return { ...end, text: `${end.text}${left}` };
}

/** A runner whose host or supervisor is gone. */
export function vanished(text: string): MachineExit {
  return { how: 'vanished', text };
}
