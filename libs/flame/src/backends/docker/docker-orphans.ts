import { setTimeout as pause } from 'node:timers/promises';
import type Docker from 'dockerode';
import { isGone } from './docker-home.js';
import { removeContainer } from './docker-machine.js';
import { labelPrefix } from './docker-options.js';
import { homeLabels } from './docker-spec.js';
import { statusOf } from './docker-failure.js';

/**
 * Removes the containers whose parents are certainly gone, and returns how many. One that still runs was left by a parent that died: its runner may be
 * finishing unlinked work, and has its pool's `shutdownTimeout` for that.
 */
export async function removeOrphans(docker: Docker, parent: string, signal: AbortSignal): Promise<number> {
  const found = await docker.listContainers({ all: true, filters: { label: [`${labelPrefix}parent`] } });
  const verdicts = new Map<string, Promise<boolean>>();
  const orphaned = async ({ Labels }: Docker.ContainerInfo): Promise<boolean> => {
    const name = Labels[`${labelPrefix}parent`]!;
    if (name === parent) return false;
    const home = { process: Labels[homeLabels.process] ?? '', container: Labels[homeLabels.container] ?? '' };
    if (!verdicts.has(name)) verdicts.set(name, isGone(home, docker));
    return (await verdicts.get(name))!;
  };
  const removed = await Promise.all(
    found.map(async (container) => (await orphaned(container)) && (await removeOrphan(docker, container, signal))),
  );
  return removed.filter(Boolean).length;
}

async function removeOrphan(docker: Docker, { Id, State, Labels }: Docker.ContainerInfo, signal: AbortSignal): Promise<boolean> {
  const container = docker.getContainer(Id);
  const keep = Labels[homeLabels.keep] === 'true';
  if (State === 'running') await letFinish(container, signal);
  else if (keep) return false;
  if (signal.aborted) return false;
  if (keep) await container.kill().catch(ignoreEnded);
  else await removeContainer(container);
  return true;
}

/** Tells it to end, and waits until it has, or its time is up. */
async function letFinish(container: Docker.Container, signal: AbortSignal): Promise<void> {
  const found = (await container.inspect().catch(ignoreEnded)) as unknown as { Config: { StopTimeout?: number } } | undefined;
  await container.kill({ signal: 'SIGTERM' }).catch(ignoreEnded);
  const ended = container.wait({ condition: 'not-running' }).catch(ignoreEnded);
  const time = new AbortController();
  const left = pause((found?.Config.StopTimeout ?? 0) * 1_000, undefined, { signal: AbortSignal.any([signal, time.signal]) }).catch(
    () => undefined,
  );
  await Promise.race([ended, left]);
  time.abort();
}

/** Another parent may be removing it as well. */
function ignoreEnded(error: unknown): void {
  if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
}
