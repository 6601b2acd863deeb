import type { BootRequest } from '../backend.js';

/** What every machine on a platform says of itself: which parent made it, for which pool, and which of its runners it hosts. */
export interface MachineLabels {
  readonly parent: string;
  readonly pool: string;
  readonly runner: string;
}

const names = ['parent', 'pool', 'runner'] as const;

/**
 * Labels, metadata or tags for a machine. `prefix` is what the platform's keys look like: `nestjs-flame.` for Docker's, `nestjs-flame/` for those of
 * Kubernetes. `reap` finds machines by them, and so do people.
 */
export function machineLabels(
  { parent, pool, runner }: Pick<BootRequest, 'parent' | 'pool' | 'runner'>,
  prefix: string,
): Record<string, string> {
  return { [`${prefix}parent`]: parent, [`${prefix}pool`]: pool, [`${prefix}runner`]: runner };
}

/** Reads them back; undefined where a machine is not one of ours. */
export function readMachineLabels(labels: Readonly<Record<string, string>> | undefined, prefix: string): MachineLabels | undefined {
  const [parent, pool, runner] = names.map((name) => labels?.[`${prefix}${name}`]);
  return parent === undefined || pool === undefined || runner === undefined ? undefined : { parent, pool, runner };
}
