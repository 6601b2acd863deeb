import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { V1Pod, V1ContainerStateTerminated } from '@kubernetes/client-node';
import type { FlameLog } from '../../core/flame-log.js';
import type { Cluster } from './kubernetes-api.js';
import { statusOf, wordsOf } from './kubernetes-failure.js';
import { readStream } from './kubernetes-api.js';

/** Time after which the API server ends a watch, in seconds. Another watch then continues. */
const watchFor = 60;
/** Additional time without data after which a watch counts as dead, in milliseconds. */
const patience = 15_000;
/** The pause before a broken watch is retried, in milliseconds. */
const askAgain = 1_000;

interface Followed {
  readonly view: PodView;
  /** The first list that must contain the pod. Earlier lists may have begun before the pod was made. */
  readonly knownFrom: { list: number };
}

/**
 * Follows the pods with a label, with one list and a watch that starts there, as long as at least one pod is followed. A watch that ends,
 * breaks or has fallen behind (410) is replaced by a new list and watch. See "Efficient detection of changes" in the Kubernetes API
 * concepts.
 */
export class PodWatch {
  readonly #cluster: Cluster;
  readonly #selector: string;
  readonly #log: FlameLog;
  readonly #pods = new Map<string, Followed>();
  #lists = 0;
  #watching: AbortController | undefined;

  constructor(cluster: Cluster, selector: string, log: FlameLog) {
    this.#cluster = cluster;
    this.#selector = selector;
    this.#log = log;
  }

  /** Follows a pod that will be made. */
  follow(name: string): PodView {
    const view = new PodView(name);
    this.#pods.set(name, { view, knownFrom: { list: Infinity } });
    if (this.#watching === undefined) {
      this.#watching = new AbortController();
      void this.#run(this.#watching.signal);
    }
    return view;
  }

  /** Reports that the pod was made. If a later list does not contain it, it is gone. */
  made(pod: V1Pod): void {
    const followed = this.#pods.get(pod.metadata!.name!);
    if (followed === undefined) return;
    followed.knownFrom.list = this.#lists + 1;
    if (followed.view.pod === undefined) followed.view.saw(pod);
  }

  /** Stops following a pod. */
  unfollow(name: string): void {
    this.#pods.delete(name);
    if (this.#pods.size > 0) return;
    this.#watching?.abort();
    this.#watching = undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    let silent = false;
    while (!signal.aborted) {
      try {
        const from = await this.#list(signal);
        await this.#watch(from, signal);
        silent = false;
      } catch (error) {
        if (signal.aborted) return;
        if (!silent && statusOf(error) !== 410) this.#log.warn(`kubernetes: the watch of pods broke (${wordsOf(error)}); trying again`);
        silent = true;
        await pause(askAgain, undefined, { ref: false });
      }
    }
  }

  /** Updates all views from a list of the pods. */
  async #list(signal: AbortSignal): Promise<string> {
    const list = ++this.#lists;
    const { api, namespace, ask } = this.#cluster;
    const request = { namespace, labelSelector: this.#selector };
    const { items, metadata } = await ask('list pods', (options) => api.listNamespacedPod(request, options), { signal });
    const found = new Map(items.map((pod) => [pod.metadata!.name!, pod]));
    for (const [name, { view, knownFrom }] of [...this.#pods]) {
      const pod = found.get(name);
      if (pod !== undefined || knownFrom.list <= list) view.saw(pod);
    }
    return metadata!.resourceVersion!;
  }

  /** Resolves when the API server has ended the watch. */
  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const path = `/api/v1/namespaces/${this.#cluster.namespace}/pods`;
    const timeoutSeconds = String(watchFor);
    const query = { watch: 'true', labelSelector: this.#selector, resourceVersion, timeoutSeconds, allowWatchBookmarks: 'true' };
    const dead = new AbortController();
    const late = setTimeout(() => dead.abort(new Error('it sent nothing more')), watchFor * 1_000 + patience);
    late.unref();
    const take = (line: string): void => {
      const { type, object } = JSON.parse(line) as { type: string; object: V1Pod };
      if (type !== 'ERROR') return this.#take(type, object);
      dead.abort(refusal(object as { code?: number; message?: string }));
    };
    const read = (answer: IncomingMessage): void => {
      // `readStream` handles the same error on `answer`.
      createInterface({ input: answer })
        .on('line', take)
        .on('error', () => undefined);
    };
    const { limit } = this.#cluster.requests;
    await readStream(this.#cluster, { path, query, signal: AbortSignal.any([signal, dead.signal]), limit, read }).finally(() =>
      clearTimeout(late),
    );
  }

  #take(kind: string, pod: V1Pod): void {
    const followed = this.#pods.get(pod.metadata?.name ?? '');
    if (followed === undefined || kind === 'BOOKMARK') return;
    // A deletion event contains the pod's last state.
    followed.view.saw(pod);
    if (kind === 'DELETED') followed.view.saw(undefined);
  }
}

function refusal(status: { code?: number; message?: string }): Error {
  return Object.assign(new Error(status.message ?? 'the API server ended it'), { code: status.code });
}

/** The last known state of a pod. */
export class PodView {
  #pod: V1Pod | undefined;
  #gone = false;
  readonly #waiting = new Set<() => void>();

  constructor(readonly name: string) {}

  /** The last state, even if the pod is gone. */
  get pod(): V1Pod | undefined {
    return this.#pod;
  }

  /** Whether the pod no longer exists on the API server. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Updates the state: the pod as it is now, or undefined if it is gone. */
  saw(pod: V1Pod | undefined): void {
    this.#gone = pod === undefined;
    if (pod !== undefined) this.#pod = pod;
    for (const look of this.#waiting) look();
  }

  /** How its container ended; undefined if it has not. */
  ended(container: string): V1ContainerStateTerminated | undefined {
    return this.#pod?.status?.containerStatuses?.find(({ name }) => name === container)?.state?.terminated;
  }

  /** Whether its container runs, according to the last status of the kubelet. */
  running(container: string): boolean {
    return this.#pod?.status?.containerStatuses?.find(({ name }) => name === container)?.state?.running !== undefined;
  }

  /**
   * Whether the container has ended, or the pod has. If a pod was evicted, was deleted or exceeded its deadline, the kubelet may report
   * only the pod's end, and the container's end not before the pod is gone.
   */
  over(container: string): boolean {
    const phase = this.#pod?.status?.phase;
    return this.#gone || this.ended(container) !== undefined || phase === 'Failed' || phase === 'Succeeded';
  }

  /**
   * Waits until `test` returns a value; calls it again after each update. Rejects with the error that `test` throws, or with the signal's
   * reason.
   */
  until<T>(test: () => T | undefined, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(look);
        signal?.removeEventListener('abort', abort);
      };
      const abort = (): void => {
        leave();
        reject(signal!.reason as Error);
      };
      const look = (): void => {
        try {
          const found = test();
          if (found === undefined) return;
          leave();
          resolve(found);
        } catch (error) {
          leave();
          reject(error as Error);
        }
      };
      this.#waiting.add(look);
      signal?.addEventListener('abort', abort, { once: true });
      if (signal?.aborted) abort();
      else look();
    });
  }
}
