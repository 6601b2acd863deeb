import type { BootRequest } from '../backend.js';
import { machineLabels, readMachineLabels } from '../platform/machine-labels.js';
import { isAlive as processIsAlive } from '../../system/process-table.js';
import type { FlyApi } from './fly-api.js';
import type { FlyMachineInfo } from './fly-exit.js';

/** The prefix of the backend's own metadata keys. */
export const flyPrefix = 'nestjs_flame_';
/** Marks all runners of an app. */
export const flyMark = { key: `${flyPrefix}is`, value: 'runner' } as const;

/** The location of a parent: its machine, the version of that machine, and its process there. */
export interface FlyOrigin {
  readonly machine: string;
  readonly version: string;
  /** The process id, and the start time to the second. */
  readonly process: string;
}

/** The location of this process; undefined outside of Fly. */
export function ownOrigin(
  env: NodeJS.ProcessEnv = process.env,
  pid = process.pid,
  startedAt = Date.now() - process.uptime() * 1_000,
): FlyOrigin | undefined {
  const { FLY_MACHINE_ID: machine, FLY_MACHINE_VERSION: version = '' } = env;
  return machine ? { machine, version, process: `${pid}@${Math.round(startedAt / 1_000)}` } : undefined;
}

/** The metadata of a runner's machine: its labels, and the location of its parent. */
export function flyMetadata(request: BootRequest, origin: FlyOrigin | undefined): Record<string, string> {
  return {
    [flyMark.key]: flyMark.value,
    ...machineLabels(request, flyPrefix),
    ...(origin && {
      [`${flyPrefix}origin_machine`]: origin.machine,
      [`${flyPrefix}origin_version`]: origin.version,
      [`${flyPrefix}origin_process`]: origin.process,
    }),
  };
}

/** The location of the parent of a runner's machine; undefined if the metadata does not contain it. */
export function originOf({ config }: FlyMachineInfo): (FlyOrigin & { readonly parent: string }) | undefined {
  const metadata = config?.metadata ?? {};
  const [machine, version, process] = ['machine', 'version', 'process'].map((part) => metadata[`${flyPrefix}origin_${part}`]);
  const labels = readMachineLabels(metadata, flyPrefix);
  if (!labels || machine === undefined || version === undefined || process === undefined) return undefined;
  return { parent: labels.parent, machine, version, process };
}

/** Removes the machines whose parents are certainly gone, and returns their number. `own` is the location of this process. */
export async function removeOrphans(api: FlyApi, parent: string, own: FlyOrigin | undefined, signal?: AbortSignal): Promise<number> {
  const homes = new Map<string, Promise<FlyMachineInfo | undefined>>();
  let count = 0;
  for (const machine of await api.list(flyMark.key, flyMark.value, signal)) {
    const origin = originOf(machine);
    if (!origin || origin.parent === parent || machine.state === 'destroyed') continue;
    const home = homes.get(origin.machine) ?? api.get(origin.machine, signal);
    homes.set(origin.machine, home);
    if (!isGone(origin, await home, own)) continue;
    await api.destroy(machine.id);
    count++;
  }
  return count;
}

/** In all other states the machine may still finish work. */
const atRest: readonly string[] = ['stopped', 'failed', 'destroyed'];

/**
 * Whether a parent is certainly gone. `machine` is the parent's machine as the platform reports it now, undefined if there is none. `own`
 * is the location of this process. `isAlive` looks in the process table of this machine.
 */
export function isGone(
  origin: FlyOrigin,
  machine: FlyMachineInfo | undefined,
  own: FlyOrigin | undefined,
  isAlive: (pid: number) => boolean = processIsAlive,
): boolean {
  if (machine === undefined || atRest.includes(machine.state)) return true;
  // A deploy that updates a machine in place ends the processes of one version before it starts the next version.
  if (machine.instance_id !== origin.version) return machine.state === 'started';
  if (own?.machine !== origin.machine) return false;
  const [pid, startedAt] = origin.process.split('@').map(Number) as [number, number];
  const [ownPid, ownStart] = own.process.split('@').map(Number) as [number, number];
  // Process ids repeat, in a container even always. So a process with the same id but another start time is a different process.
  if (pid === ownPid) return Math.abs(startedAt - ownStart) > 2;
  return !isAlive(pid);
}
