import type { BootRequest } from '../backend.js';
import { machineLabels, readMachineLabels } from '../platform/machine-labels.js';
import { isAlive as processIsAlive } from '../../system/process-table.js';
import type { FlyApi } from './fly-api.js';
import type { FlyMachineInfo } from './fly-exit.js';

/** What our keys in a machine's metadata begin with. */
export const flyPrefix = 'nestjs_flame_';
/** By this one all runners of an app are found. */
export const flyMark = { key: `${flyPrefix}is`, value: 'runner' } as const;

/** Where a parent is: its machine, the version of that machine, and its process there. */
export interface FlyOrigin {
  readonly machine: string;
  readonly version: string;
  /** Its process id, and when it started, to the second. */
  readonly process: string;
}

/** Where this process is; undefined outside of Fly. */
export function ownOrigin(
  env: NodeJS.ProcessEnv = process.env,
  pid = process.pid,
  startedAt = Date.now() - process.uptime() * 1_000,
): FlyOrigin | undefined {
  const { FLY_MACHINE_ID: machine, FLY_MACHINE_VERSION: version = '' } = env;
  return machine ? { machine, version, process: `${pid}@${Math.round(startedAt / 1_000)}` } : undefined;
}

/** The metadata of a runner's machine: whose it is, and where that parent is. */
export function flyMetadata(order: BootRequest, origin: FlyOrigin | undefined): Record<string, string> {
  return {
    [flyMark.key]: flyMark.value,
    ...machineLabels(order, flyPrefix),
    ...(origin && {
      [`${flyPrefix}origin_machine`]: origin.machine,
      [`${flyPrefix}origin_version`]: origin.version,
      [`${flyPrefix}origin_process`]: origin.process,
    }),
  };
}

/** Where the parent of a runner's machine is; undefined where that is not said. */
export function originOf({ config }: FlyMachineInfo): (FlyOrigin & { readonly parent: string }) | undefined {
  const metadata = config?.metadata ?? {};
  const [machine, version, process] = ['machine', 'version', 'process'].map((part) => metadata[`${flyPrefix}origin_${part}`]);
  const labels = readMachineLabels(metadata, flyPrefix);
  if (!labels || machine === undefined || version === undefined || process === undefined) return undefined;
  return { parent: labels.parent, machine, version, process };
}

/** Removes the machines whose parents are certainly gone, and returns how many. `own` is where this process is. */
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

/** In all other states it may be at its last work. */
const atRest: readonly string[] = ['stopped', 'failed', 'destroyed'];

/**
 * Whether a parent is gone for certain. `machine` is its machine as the platform has it now, undefined where there is none; `own` is where
 * we are, `isAlive` asks this machine's process table.
 */
export function isGone(
  origin: FlyOrigin,
  machine: FlyMachineInfo | undefined,
  own: FlyOrigin | undefined,
  isAlive: (pid: number) => boolean = processIsAlive,
): boolean {
  if (machine === undefined || atRest.includes(machine.state)) return true;
  // A deploy that updates a machine in place ends what ran under one version before the next one starts.
  if (machine.instance_id !== origin.version) return machine.state === 'started';
  if (own?.machine !== origin.machine) return false;
  const [pid, startedAt] = origin.process.split('@').map(Number) as [number, number];
  const [ownPid, ownStart] = own.process.split('@').map(Number) as [number, number];
  // Process ids come again, in a container always the same ones: a process that started at another time is another one.
  if (pid === ownPid) return Math.abs(startedAt - ownStart) > 2;
  return !isAlive(pid);
}
