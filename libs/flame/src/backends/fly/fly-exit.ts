import type { MachineExit } from '../backend.js';
import { signalOfExitCode, signalOfNumber } from '../platform/machine-end.js';

/** What we read of a machine; the API tells more. */
export interface FlyMachineInfo {
  readonly id: string;
  readonly instance_id: string;
  readonly state: string;
  readonly region?: string;
  readonly config?: { readonly metadata?: Readonly<Record<string, string>> | null; readonly guest?: { readonly memory_mb?: number } };
  readonly events?: readonly FlyEvent[];
}

/** One of a machine's events, the newest first. */
interface FlyEvent {
  readonly type: string;
  readonly timestamp?: number;
  readonly request?: { readonly exit_event?: FlyExit };
}

/** Numbers are -1 where there is nothing to tell. */
interface FlyExit {
  readonly exit_code?: number;
  readonly signal?: number;
  readonly oom_killed?: boolean;
  readonly requested_stop?: boolean;
}

/** States in which a machine does nothing any more, and will not by itself. */
const over: readonly string[] = ['stopped', 'failed', 'launch_failed', 'destroying', 'destroyed', 'replaced', 'migrated'];

/** Whether a machine has come to its end. */
export function isOver({ state }: FlyMachineInfo): boolean {
  return over.includes(state);
}

/** Whether it ever ran. */
export function hasStarted({ state, events = [] }: FlyMachineInfo): boolean {
  return state === 'started' || state === 'stopping' || events.some(({ type }) => type === 'start' || type === 'exit');
}

/** Whether the platform has told how it ended. */
export function tellsItsEnd({ events = [] }: FlyMachineInfo): boolean {
  return events.some(({ request }) => request?.exit_event !== undefined);
}

/**
 * The end of a machine in the pool's words. `machine` is undefined where the platform knows nothing of it any more; `stopped`: we asked for
 * it.
 */
export function flyExit(machine: FlyMachineInfo | undefined, stopped: boolean): MachineExit {
  const exit = machine?.events?.find(({ request }) => request?.exit_event !== undefined)?.request?.exit_event;
  if (!exit) {
    if (stopped) return { how: 'stopped', text: 'stopped' };
    return {
      how: 'vanished',
      text: machine ? `the platform says "${machine.state}", and not why` : 'the platform has no such machine any more',
    };
  }
  const signal = signalOf(exit);
  const code = signal === undefined ? exit.exit_code : undefined;
  const facts = { ...(code !== undefined && { code }), ...(signal !== undefined && { signal }) };
  const how = signal === undefined ? `exit code ${code ?? 'unknown'}` : `killed by ${signal}`;
  if (exit.oom_killed) {
    const memory = machine?.config?.guest?.memory_mb;
    return { how: 'oom', ...facts, text: `out of memory${memory === undefined ? '' : ` (it has ${memory} MiB; raise memoryMb)`}` };
  }
  if (stopped) return { how: 'stopped', ...facts, text: `stopped (${how})` };
  if (exit.requested_stop) return { how: 'stopped', ...facts, text: `stopped by the platform, or by hand (${how})` };
  return { how: signal === undefined ? 'exit' : 'signal', ...facts, text: how };
}

/** A shell or the platform's init turns death by a signal into exit code 128 and the signal's number. */
function signalOf({ signal = -1, exit_code = -1 }: FlyExit): string | undefined {
  return signal > 0 ? signalOfNumber(signal) : signalOfExitCode(exit_code);
}
