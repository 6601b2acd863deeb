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

/** How long the last output of a container that has ended may take. */
const lastLinesWait = 3_000;
/** How much longer than its grace a pod may take to end, before it is taken from the API server by force: its node may be lost. */
const stopSlack = 10_000;
/** For how long the API server may still make what it was asked for without an answer: its own longest time for a request. */
const mayComeFor = 60_000;

/** What a machine is made of. */
export interface StartedPod {
  readonly cluster: Cluster;
  readonly view: PodView;
  readonly container: string;
  readonly output: PodOutput;
  readonly leftovers: Leftovers;
  readonly log: FlameLog;
  /** Ends it when it aborts. */
  readonly signal: AbortSignal;
}

/**
 * A pod that was started, as a machine. It owns the pod and its Secret, and removes both when its container has ended and what it printed
 * was read.
 */
export class KubernetesMachine implements Machine {
  readonly id: string;
  readonly exited: Promise<MachineExit>;
  readonly #pod: StartedPod;
  #stopped = false;
  #ended = false;
  /** Its removal is not this machine's any more. */
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
   * SIGTERM to the runner, which lets its handlers finish, and after `grace` SIGKILL, by the node's kubelet; without grace the pod is taken
   * from the API server at once, and its node kills what is left of it. A later call can only shorten the time. Where the API server does
   * not take the order, or does not tell of the end, the pod is left to `leftovers`.
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
    throw new Error(`kubernetes: the API server at ${cluster.address} does not tell whether pod ${this.id} has ended`);
  }

  #leave(error: Error): void {
    if (this.#left || this.#pod.view.gone) return;
    const { cluster, view, leftovers, log } = this.#pod;
    this.#left = true;
    log.warn(`${error.message}. Its runner's place is free; the pod is removed as soon as that is possible.`);
    leavePod(cluster, leftovers, this.id, error);
    view.saw(undefined);
  }

  async #follow(): Promise<MachineExit> {
    const { cluster, view, container, output, leftovers } = this.#pod;
    await view.until(() => (view.over(container) ? true : undefined));
    if (!view.gone && view.ended(container) === undefined && view.running(container)) await this.#letEnd();
    this.#ended = true;
    // Its logs go with it.
    if (!view.gone) await Promise.race([output.ended, pause(lastLinesWait, undefined, { ref: false })]);
    output.close();
    const exit = podExit({ pod: view.pod, ended: view.ended(container), container, stopped: this.#stopped, heapFull: output.heapFull });
    if (!this.#left) await removeBoth(cluster, this.id).catch((error: Error) => leavePod(cluster, leftovers, this.id, error));
    return exit;
  }

  /**
   * The kubelet has given the pod up, and ends its container, which has the pod's grace for that; what became of it is told no more until
   * the pod goes.
   */
  async #letEnd(): Promise<void> {
    const { cluster, view, container, log } = this.#pod;
    await removePod(cluster, this.id).catch((error: Error) => log.warn(error.message));
    await view.until(() => (view.gone || view.ended(container) ? true : undefined));
  }
}

/** Says whether it was there. @throws {Error} that says how to do it by hand. */
export async function removePod(cluster: Cluster, name: string, grace?: number): Promise<boolean> {
  const gracePeriodSeconds = grace === undefined ? undefined : Math.ceil(Math.min(grace, longestTimer) / 1_000);
  const request = { name, namespace: cluster.namespace, gracePeriodSeconds };
  return remove('pod', name, cluster, (options) => cluster.api.deleteNamespacedPod(request, options));
}

/** The same for the Secret of a pod, which has its name. */
export async function removeSecret(cluster: Cluster, name: string): Promise<boolean> {
  const request = { name, namespace: cluster.namespace };
  return remove('secret', name, cluster, (options) => cluster.api.deleteNamespacedSecret(request, options));
}

/** A pod and its Secret, at once; says whether there was a pod. */
export async function removeBoth(cluster: Cluster, name: string): Promise<boolean> {
  const [pod] = await Promise.all([removePod(cluster, name, 0), removeSecret(cluster, name)]);
  return pod;
}

/** Leaves a pod and its Secret to be removed later; `unheard` where nobody knows whether they were made. */
export function leavePod(cluster: Cluster, leftovers: Leftovers, name: string, { message }: Error, unheard = false): void {
  leftovers.add(`kubernetes: pod ${name}`, message, { remove: () => removeBoth(cluster, name), ...(unheard && { mayComeFor }) });
}

async function remove(
  kind: string,
  name: string,
  { namespace, ask }: Cluster,
  order: (options: Limited) => Promise<unknown>,
): Promise<boolean> {
  try {
    await ask(`delete ${kind} ${name}`, order, { repeat: true });
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw new Error(
      `kubernetes: ${kind} ${name} could not be removed: ${wordsOf(error)}. Remove it with: kubectl -n ${namespace} delete ${kind} ${name}`,
      { cause: error },
    );
  }
}
