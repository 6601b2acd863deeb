import type { MachineExit } from '../backend.js';
import { signalOfExitCode, signalOfNumber } from '../platform/machine-end.js';

/** The parts of the API's description of a machine that this backend uses. */
export interface FlyMachineInfo {
  readonly id: string;
  readonly instance_id: string;
  readonly state: string;
  readonly region?: string;
  readonly config?: { readonly metadata?: Readonly<Record<string, string>> | null; readonly guest?: { readonly memory_mb?: number } };
  readonly events?: readonly FlyEvent[];
}

/** An event of a machine. The API lists the newest first. */
interface FlyEvent {
  readonly type: string;
  readonly timestamp?: number;
  readonly request?: { readonly exit_event?: FlyExit };
}

/** Numbers are -1 if there is no value. */
interface FlyExit {
  readonly exit_code?: number;
  readonly signal?: number;
  readonly oom_killed?: boolean;
  readonly requested_stop?: boolean;
}

/** States of a machine that is ending or has ended, and will not start again by itself. */
const over: readonly string[] = ['stopped', 'failed', 'launch_failed', 'destroying', 'destroyed', 'replaced', 'migrated'];

/** Whether a machine is in one of these states. */
export function isOver({ state }: FlyMachineInfo): boolean {
  return over.includes(state);
}

/** Whether the machine ever ran. */
export function hasStarted({ state, events = [] }: FlyMachineInfo): boolean {
  return state === 'started' || state === 'stopping' || events.some(({ type }) => type === 'start' || type === 'exit');
}

/** Whether the platform has reported how the machine ended. */
export function tellsItsEnd({ events = [] }: FlyMachineInfo): boolean {
  return events.some(({ request }) => request?.exit_event !== undefined);
}

/**
 * Describes the end of a machine as a `MachineExit`. `machine` is undefined if it no longer exists on the platform. `stopped` says whether
 * the backend stopped it.
 */
export function flyExit(machine: FlyMachineInfo | undefined, stopped: boolean): MachineExit {
  const exit = machine?.events?.find(({ request }) => request?.exit_event !== undefined)?.request?.exit_event;
  if (!exit) {
    if (stopped) return { how: 'stopped', text: 'stopped' };
    return {
      how: 'vanished',
      text: machine ? `the platform reports "${machine.state}" without a reason` : 'the machine no longer exists on the platform',
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
  if (exit.requested_stop) return { how: 'stopped', ...facts, text: `stopped by the platform or by hand (${how})` };
  return { how: signal === undefined ? 'exit' : 'signal', ...facts, text: how };
}

/** A shell or the platform's init process reports a signal as exit code 128 plus the signal's number. */
function signalOf({ signal = -1, exit_code = -1 }: FlyExit): string | undefined {
  return signal > 0 ? signalOfNumber(signal) : signalOfExitCode(exit_code);
}
