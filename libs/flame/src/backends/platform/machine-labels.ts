import type { BootRequest } from '../backend.js';

/** Identifies a machine on its platform: the parent that made it, the pool, and the runner that it hosts. */
export interface MachineLabels {
  readonly parent: string;
  readonly pool: string;
  readonly runner: string;
}

const names = ['parent', 'pool', 'runner'] as const;

/**
 * Labels, metadata or tags for a machine. `prefix` begins each key, in the platform's form: `nestjs-flame.` for Docker, `nestjs-flame/` for
 * Kubernetes. `reap` finds machines by these labels.
 */
export function machineLabels(
  { parent, pool, runner }: Pick<BootRequest, 'parent' | 'pool' | 'runner'>,
  prefix: string,
): Record<string, string> {
  return { [`${prefix}parent`]: parent, [`${prefix}pool`]: pool, [`${prefix}runner`]: runner };
}

/** Reads the labels of a machine; undefined if this library did not make it. */
export function readMachineLabels(labels: Readonly<Record<string, string>> | undefined, prefix: string): MachineLabels | undefined {
  const [parent, pool, runner] = names.map((name) => labels?.[`${prefix}${name}`]);
  return parent === undefined || pool === undefined || runner === undefined ? undefined : { parent, pool, runner };
}
