import { setTimeout as pause } from 'node:timers/promises';
import type { FlameLog } from '../../core/flame-log.js';
import { endsWithin, longestTimer } from '../platform/machine-end.js';
import type { Leftovers } from '../platform/leftovers.js';
import type { Machine, MachineExit } from '../backend.js';
import type { Cluster, Limited } from './kubernetes-api.js';
import { podExit } from './kubernetes-exit.js';
import { statusOf, wordsOf } from './kubernetes-failure.js';
import type { PodOutput } from './kubernetes-output.js';
import type { PodView } from './kubernetes-watch.js';

/** Time for the last output of an ended container, in milliseconds. */
const lastLinesWait = 3_000;
/**
 * Time that a pod may take to end in addition to its grace, in milliseconds. After that it is deleted from the API server by force, because
 * its node may be lost.
 */
const stopSlack = 10_000;
/**
 * Time in which the API server may still execute a request that it did not answer, in milliseconds. It equals the API server's own longest
 * time for a request.
 */
const mayComeFor = 60_000;

/** The parts of a KubernetesMachine. */
export interface StartedPod {
  readonly cluster: Cluster;
  readonly view: PodView;
  readonly container: string;
  readonly output: PodOutput;
  readonly leftovers: Leftovers;
  readonly log: FlameLog;
  /** Stops the machine when it aborts. */
  readonly signal: AbortSignal;
}

/**
 * A started pod, as a machine. It owns the pod and its Secret, and removes both when its container has ended and its output has been read.
 */
export class KubernetesMachine implements Machine {
  readonly id: string;
  readonly exited: Promise<MachineExit>;
  readonly #pod: StartedPod;
  #stopped = false;
  #ended = false;
  /** Whether `Leftovers` has taken over the removal. */
  #left = false;

  constructor(pod: StartedPod) {
    this.#pod = pod;
    this.id = pod.view.name;
    const abort = (): void => void this.stop(0).catch((error: Error) => pod.log.error(error.message));
    pod.signal.addEventListener('abort', abort, { once: true });
    this.exited = this.#follow().finally(() => pod.signal.removeEventListener('abort', abort));
    if (pod.signal.aborted) abort();
  }

  /**
   * Ends the pod. The node's kubelet sends SIGTERM to the runner, so that handlers can finish, and SIGKILL after `grace` milliseconds.
   * Without grace the pod is deleted from the API server at once, and its node kills the remaining processes. A later call can only shorten
   * this time. If the API server does not execute the request, or does not report the end, `leftovers` removes the pod later.
   */
  async stop(grace: number): Promise<void> {
    if (!this.#ended) {
      this.#stopped = true;
      await this.#end(grace).catch((error: Error) => this.#leave(error));
    }
    await this.exited;
  }

  async #end(grace: number): Promise<void> {
    const { cluster } = this.#pod;
    await removePod(cluster, this.id, grace);
    if (await endsWithin(this, grace + stopSlack)) return;
    if (grace > 0) await removePod(cluster, this.id, 0);
    if (await endsWithin(this, cluster.requests.limit)) return;
    throw new Error(`kubernetes: the API server at ${cluster.address} does not report whether pod ${this.id} has ended`);
  }

  #leave(error: Error): void {
    if (this.#left || this.#pod.view.gone) return;
    const { cluster, view, leftovers, log } = this.#pod;
    this.#left = true;
    log.warn(`${error.message}. The pool may boot another runner in its place; deleting the pod is tried again.`);
    leavePod(cluster, leftovers, this.id, error);
    view.saw(undefined);
  }

  async #follow(): Promise<MachineExit> {
    const { cluster, view, container, output, leftovers } = this.#pod;
    await view.until(() => (view.over(container) ? true : undefined));
    if (!view.gone && view.ended(container) === undefined && view.running(container)) await this.#letEnd();
    this.#ended = true;
    // Removing the pod removes its logs, so they are read first.
    if (!view.gone) await Promise.race([output.ended, pause(lastLinesWait, undefined, { ref: false })]);
    output.close();
    const exit = podExit({ pod: view.pod, ended: view.ended(container), container, stopped: this.#stopped, heapFull: output.heapFull });
    if (!this.#left) await removeBoth(cluster, this.id).catch((error: Error) => leavePod(cluster, leftovers, this.id, error));
    return exit;
  }

  /**
   * Waits for the container to end after the kubelet has marked the pod as ended. The container gets the pod's grace period. The API server
   * reports its end only when the pod is deleted.
   */
  async #letEnd(): Promise<void> {
    const { cluster, view, container, log } = this.#pod;
    await removePod(cluster, this.id).catch((error: Error) => log.warn(error.message));
    await view.until(() => (view.gone || view.ended(container) ? true : undefined));
  }
}

/** Deletes a pod. Resolves to whether it existed. @throws {Error} that says how to delete it by hand. */
export async function removePod(cluster: Cluster, name: string, grace?: number): Promise<boolean> {
  const gracePeriodSeconds = grace === undefined ? undefined : Math.ceil(Math.min(grace, longestTimer) / 1_000);
  const request = { name, namespace: cluster.namespace, gracePeriodSeconds };
  return remove('pod', name, cluster, (options) => cluster.api.deleteNamespacedPod(request, options));
}

/** Deletes the Secret of a pod, which has the pod's name, in the same way. */
export async function removeSecret(cluster: Cluster, name: string): Promise<boolean> {
  const request = { name, namespace: cluster.namespace };
  return remove('secret', name, cluster, (options) => cluster.api.deleteNamespacedSecret(request, options));
}

/** Deletes a pod and its Secret without grace; resolves to whether the pod existed. */
export async function removeBoth(cluster: Cluster, name: string): Promise<boolean> {
  const [pod] = await Promise.all([removePod(cluster, name, 0), removeSecret(cluster, name)]);
  return pod;
}

/** Schedules the later removal of a pod and its Secret. `unheard` means that it is unknown whether the API server made them. */
export function leavePod(cluster: Cluster, leftovers: Leftovers, name: string, { message }: Error, unheard = false): void {
  leftovers.add(`kubernetes: pod ${name}`, message, { remove: () => removeBoth(cluster, name), ...(unheard && { mayComeFor }) });
}

async function remove(
  kind: string,
  name: string,
  { namespace, ask }: Cluster,
  request: (options: Limited) => Promise<unknown>,
): Promise<boolean> {
  try {
    await ask(`delete ${kind} ${name}`, request, { repeat: true });
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw new Error(
      `kubernetes: ${kind} ${name} could not be removed: ${wordsOf(error)}. Remove it with: kubectl -n ${namespace} delete ${kind} ${name}`,
      { cause: error },
    );
  }
}
