import type { V1Pod } from '@kubernetes/client-node';
import type { Cluster } from './kubernetes-api.js';
import { statusOf } from './kubernetes-failure.js';
import { removePod, removeSecret } from './kubernetes-machine.js';
import { homeAnnotations, labelPrefix } from './kubernetes-create.js';
import { isProcessGone, ownProcess } from '../platform/parent-process.js';

/**
 * Identifies a parent: its process, its pod (namespace, name and uid) and its container. Pod and container are empty outside of the
 * cluster.
 */
export type ParentHome = Readonly<Record<keyof typeof homeAnnotations, string>>;

/** The home of this process. */
export function ownHome({ own }: Pick<Cluster, 'own'>): ParentHome {
  const { namespace, name, uid } = own?.pod.metadata ?? {};
  return { process: ownProcess(), pod: own ? `${namespace} ${name} ${uid}` : '', container: own?.container ?? '' };
}

/**
 * Removes the pods whose parents are certainly gone, with their Secrets, and returns their number. A pod that still runs may be finishing
 * unlinked work, and gets its pool's `shutdownTimeout` to do so, as the pod's grace period.
 */
export async function removeOrphans(cluster: Cluster, parent: string, signal: AbortSignal): Promise<number> {
  const { api, namespace, ask } = cluster;
  const request = { namespace, labelSelector: `${labelPrefix}parent,${labelPrefix}parent!=${parent}` };
  const { items } = await ask('list pods', (options) => api.listNamespacedPod(request, options), { repeat: true, signal });
  const gone = new Map<string, Promise<boolean>>();
  const removed = await Promise.all(
    items.map(async (pod) => {
      const { annotations = {}, labels, name, deletionTimestamp } = pod.metadata!;
      const home = Object.fromEntries(Object.entries(homeAnnotations).map(([key, at]) => [key, annotations[at] ?? ''])) as ParentHome;
      const by = labels![`${labelPrefix}parent`]!;
      if (!gone.has(by)) gone.set(by, isGone(home, cluster));
      if (deletionTimestamp !== undefined || !(await gone.get(by)) || signal.aborted) return false;
      await removePod(cluster, name!);
      await removeSecret(cluster, name!);
      return true;
    }),
  );
  return removed.filter(Boolean).length;
}

/** Whether a parent is certainly gone. A parent that this process cannot see counts as alive. */
async function isGone(home: ParentHome, { api, own, ask }: Cluster): Promise<boolean> {
  const seen = home.process === '' ? undefined : isProcessGone(home.process);
  if (seen !== undefined) return seen;
  const [namespace, name, uid] = home.pod.split(' ');
  if (!namespace || !name || !uid) return false;
  // The same pod and container as this process: an earlier run of this container, which has ended.
  if (uid === own?.pod.metadata?.uid) return home.container === own.container;
  try {
    const pod = await ask(`read pod ${name}`, (options) => api.readNamespacedPod({ namespace, name }, options), { repeat: true });
    return isOver(pod, uid);
  } catch (error) {
    if (statusOf(error) === 404) return true;
    throw error;
  }
}

function isOver(pod: V1Pod, uid: string): boolean {
  return pod.metadata!.uid !== uid || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}
