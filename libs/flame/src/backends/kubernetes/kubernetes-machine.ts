import { setTimeout as pause } from 'node:timers/promises';
import type { FlameLog } from '../../core/flame-log.js';
import type { Machine, MachineExit } from '../backend.js';
import type { Cluster } from './kubernetes-cluster.js';
import { podExit } from './kubernetes-exit.js';
import { statusOf, wordsOf } from './kubernetes-failure.js';
import type { PodOutput } from './kubernetes-output.js';
import type { PodView } from './kubernetes-pod-view.js';

/** How long the last output of a container that has ended may take. */
const lastLinesWait = 3_000;
/** How long the cluster may take to say how a container ended whose pod somebody deletes. */
const longestGrace = 2 ** 31 - 1;
/** After which an API server that did not answer is asked again. */
const askAgain = 1_000;

/** What a machine is made of. */
export interface StartedPod {
  readonly cluster: Cluster;
  readonly view: PodView;
  readonly container: string;
  readonly output: PodOutput;
  readonly log: FlameLog;
  /** Ends it when it aborts. */
  readonly signal: AbortSignal;
}

/** A pod that was started, as a machine. It owns the pod and its Secret, and removes both when its container has ended and what it printed was read. */
export class KubernetesMachine implements Machine {
  readonly id: string;
  readonly exited: Promise<MachineExit>;
  readonly #pod: StartedPod;
  #stopped = false;
  #ended = false;

  constructor(pod: StartedPod) {
    this.#pod = pod;
    this.id = pod.view.name;
    const abort = (): void => void this.stop(0).catch((error: Error) => pod.log.error(error.message));
    pod.signal.addEventListener('abort', abort, { once: true });
    this.exited = this.#follow().finally(() => pod.signal.removeEventListener('abort', abort));
    if (pod.signal.aborted) abort();
  }

  /**
   * SIGTERM to the runner, which lets its handlers finish, and after `grace` SIGKILL, by the node's kubelet; without grace the pod is taken from the API server
   * at once, and its node kills what is left of it. A later call can only shorten the time.
   *
   * @throws {Error} when the API server cannot be told.
   */
  async stop(grace: number): Promise<void> {
    if (!this.#ended) {
      this.#stopped = true;
      await removePod(this.#pod.cluster, this.id, grace);
    }
    await this.exited;
  }

  async #follow(): Promise<MachineExit> {
    const { cluster, view, container, output, log } = this.#pod;
    await view.until(() => (view.over(container) ? true : undefined));
    if (!view.gone && view.ended(container) === undefined && view.running(container)) await this.#letEnd();
    this.#ended = true;
    // Its logs go with it.
    if (!view.gone) await Promise.race([output.ended, pause(lastLinesWait, undefined, { ref: false })]);
    const exit = podExit({ pod: view.pod, ended: view.ended(container), container, stopped: this.#stopped, heapFull: output.heapFull });
    for (;;) {
      try {
        await Promise.all([removePod(cluster, this.id, 0), removeSecret(cluster, this.id)]);
        break;
      } catch (error) {
        log.warn((error as Error).message);
        await pause(askAgain, undefined, { ref: false });
      }
    }
    return exit;
  }

  /** The kubelet has given the pod up, and ends its container, which has the pod's grace for that; what became of it is told no more until the pod goes. */
  async #letEnd(): Promise<void> {
    const { cluster, view, container, log } = this.#pod;
    await removePod(cluster, this.id).catch((error: Error) => log.warn(error.message));
    await view.until(() => (view.gone || view.ended(container) ? true : undefined));
  }
}

/** A pod that is not there needs no removing. @throws {Error} that says how to do it by hand. */
export async function removePod({ api, namespace }: Cluster, name: string, grace?: number): Promise<void> {
  const gracePeriodSeconds = grace === undefined ? undefined : Math.ceil(Math.min(grace, longestGrace) / 1_000);
  await remove('pod', namespace, name, () => api.deleteNamespacedPod({ name, namespace, gracePeriodSeconds }));
}

/** The same for the Secret of a pod, which has its name. */
export async function removeSecret({ api, namespace }: Cluster, name: string): Promise<void> {
  await remove('secret', namespace, name, () => api.deleteNamespacedSecret({ name, namespace }));
}

async function remove(kind: string, namespace: string, name: string, order: () => Promise<unknown>): Promise<void> {
  try {
    await order();
  } catch (error) {
    if (statusOf(error) === 404) return;
    throw new Error(
      `kubernetes: ${kind} ${name} could not be removed: ${wordsOf(error)}. Remove it with: kubectl -n ${namespace} delete ${kind} ${name}`,
      { cause: error },
    );
  }
}
