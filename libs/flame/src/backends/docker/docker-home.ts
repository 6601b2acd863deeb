import type { DockerEngine } from './docker-engine.js';
import { statusOf } from './docker-failure.js';
import { isProcessGone, ownProcess } from '../platform/parent-process.js';

/** Where a parent lives, so that another one can find out whether it still does. Written into its containers' labels. */
export interface ParentHome {
  /** A namespace of process ids, and the process in it. */
  readonly process: string;
  /** The container that it runs in, and when that was started: empty where it runs in none. */
  readonly container: string;
}

/** Where this process lives. `own` is its container. */
export function ownHome(own?: { readonly Id: string; readonly State: { readonly StartedAt: string } }): ParentHome {
  return {
    process: ownProcess(),
    container: own === undefined ? '' : `${own.Id} ${own.State.StartedAt}`,
  };
}

/** Whether a parent is certainly gone. What cannot be seen from here may live. */
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
