import type Docker from 'dockerode';
import type { ContainerInfo } from 'dockerode';
import type { DockerEngine } from './docker-api.js';
import { removeContainer, shortId } from './docker-machine.js';
import { labelPrefix } from './docker-options.js';
import { statusOf } from './docker-failure.js';
import { longestTimer } from '../platform/machine-end.js';
import { isProcessGone, ownProcess } from '../platform/parent-process.js';

/**
 * Removes the containers whose parents are certainly gone, and returns their number. A container that still runs may be finishing unlinked
 * work, and gets its pool's `shutdownTimeout` to do so.
 */
export async function removeOrphans(engine: DockerEngine, parent: string, signal: AbortSignal): Promise<number> {
  const filters = { label: [`${labelPrefix}parent`] };
  const rules = { repeat: true, signal };
  const found = await engine.ask('list containers', (docker) => docker.listContainers({ all: true, filters }), rules);
  const gone = new Map<string, Promise<boolean>>();
  const orphaned = async ({ Labels }: ContainerInfo): Promise<boolean> => {
    const name = Labels[`${labelPrefix}parent`]!;
    if (name === parent) return false;
    const home = { process: Labels[homeLabels.process] ?? '', container: Labels[homeLabels.container] ?? '' };
    if (!gone.has(name)) gone.set(name, isGone(home, engine));
    return (await gone.get(name))!;
  };
  const removed = await Promise.all(
    found.map(async (container) => (await orphaned(container)) && (await removeOrphan(engine, container, signal))),
  );
  return removed.filter(Boolean).length;
}

async function removeOrphan(engine: DockerEngine, { Id: id, State, Labels }: ContainerInfo, signal: AbortSignal): Promise<boolean> {
  const keep = Labels[homeLabels.keep] === 'true';
  if (State === 'running') await letFinish(engine, id, signal);
  else if (keep) return false;
  if (signal.aborted) return false;
  if (keep) await kill(engine, id, 'SIGKILL', signal);
  else await removeContainer(engine, id);
  return true;
}

/** Sends SIGTERM, and waits until the container has ended or its time is up. */
async function letFinish(engine: DockerEngine, id: string, signal: AbortSignal): Promise<void> {
  const asked = engine.ask(`inspect container ${shortId(id)}`, (docker) => docker.getContainer(id).inspect(), { repeat: true, signal });
  const found = (await asked.catch(ignoreEnded)) as { Config: { StopTimeout?: number } } | undefined;
  await kill(engine, id, 'SIGTERM', signal);
  const time = Math.min((found?.Config.StopTimeout ?? 0) * 1_000, longestTimer);
  const wait = (docker: Docker): Promise<unknown> => docker.getContainer(id).wait({ condition: 'not-running' });
  await engine
    .poll(`wait for container ${shortId(id)}`, wait, time, signal)
    .catch((error: unknown) => signal.aborted || ignoreEnded(error));
}

async function kill(engine: DockerEngine, id: string, signalName: string, signal: AbortSignal): Promise<void> {
  const command = (docker: Docker): Promise<unknown> => docker.getContainer(id).kill({ signal: signalName });
  await engine.ask(`send ${signalName} to container ${shortId(id)}`, command, { repeat: true, signal }).catch(ignoreEnded);
}

/** Another parent may be removing it as well. */
function ignoreEnded(error: unknown): void {
  if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
}

/** Labels that identify the parent's process and container, and that say whether the container is kept. */
export const homeLabels = {
  process: `${labelPrefix}parent-process`,
  container: `${labelPrefix}parent-container`,
  keep: `${labelPrefix}keep`,
} as const;

/** Identifies a parent's process, so that another parent can find out whether it still runs. Stored in the labels of its containers. */
export interface ParentHome {
  /** The namespace of the process id, and the process in it. */
  readonly process: string;
  /** The id of the parent's container and its start time; empty if it runs in none. */
  readonly container: string;
}

/** The home of this process. `own` is its container. */
export function ownHome(own?: { readonly Id: string; readonly State: { readonly StartedAt: string } }): ParentHome {
  return {
    process: ownProcess(),
    container: own === undefined ? '' : `${own.Id} ${own.State.StartedAt}`,
  };
}

/** Whether a parent is certainly gone. A parent that this process cannot see counts as alive. */
export async function isGone(home: ParentHome, { ask }: Pick<DockerEngine, 'ask'>): Promise<boolean> {
  const gone = isProcessGone(home.process);
  if (gone !== undefined) return gone;
  const [container, started] = home.container.split(' ');
  if (!container) return false;
  try {
    const { State } = await ask(`inspect container ${container}`, (docker) => docker.getContainer(container).inspect(), { repeat: true });
    return !State.Running || State.StartedAt !== started;
  } catch (error) {
    if (statusOf(error) === 404) return true;
    throw error;
  }
}
