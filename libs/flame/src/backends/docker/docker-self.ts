import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ContainerInspectInfo } from 'dockerode';
import type { DockerEngine } from './docker-engine.js';
import { statusOf } from './docker-failure.js';

/** What the engine mounts into every container from the container's own folder. */
const ownFile = /\/([0-9a-f]{64})\/\S+ \/etc\/(?:hostname|hosts|resolv\.conf) /;

/** The container that this process runs in; undefined where it runs in none of this engine's. */
export async function findOwnContainer({ ask }: DockerEngine): Promise<ContainerInspectInfo | undefined> {
  const id = ownContainerId();
  if (id === undefined) return undefined;
  try {
    return await ask(`inspect container ${id}`, (docker) => docker.getContainer(id).inspect(), { repeat: true });
  } catch (error) {
    // The container of another engine.
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** By its mounts; else by its host name, which is the id's beginning where nobody gave it another. */
export function ownContainerId(mounts = readMounts(), host = hostname()): string | undefined {
  return ownFile.exec(mounts)?.[1] ?? (/^[0-9a-f]{12}$/.test(host) ? host : undefined);
}

/** See proc(5): "… root mount-point …". */
function readMounts(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return '';
  }
}
