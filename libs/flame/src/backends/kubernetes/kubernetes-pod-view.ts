import type { V1ContainerStateTerminated, V1Pod } from '@kubernetes/client-node';

/** A pod as the watch last saw it. */
export class PodView {
  #pod: V1Pod | undefined;
  #gone = false;
  readonly #waiting = new Set<() => void>();

  constructor(readonly name: string) {}

  /** Its last state, also when it is gone. */
  get pod(): V1Pod | undefined {
    return this.#pod;
  }

  /** The API server has it no more. */
  get gone(): boolean {
    return this.#gone;
  }

  /** The watch has news: the pod as it is now, or undefined where it is gone. */
  saw(pod: V1Pod | undefined): void {
    this.#gone = pod === undefined;
    if (pod !== undefined) this.#pod = pod;
    for (const look of this.#waiting) look();
  }

  /** How its container ended, once it has. */
  ended(container: string): V1ContainerStateTerminated | undefined {
    return this.#pod?.status?.containerStatuses?.find(({ name }) => name === container)?.state?.terminated;
  }

  /** Whether its container runs, by what the kubelet last said of it. */
  running(container: string): boolean {
    return this.#pod?.status?.containerStatuses?.find(({ name }) => name === container)?.state?.running !== undefined;
  }

  /**
   * It is ended, or given up: of a pod that was evicted, deleted or that had its time, the kubelet may tell as a whole, without a word of its container
   * until it is gone.
   */
  over(container: string): boolean {
    const phase = this.#pod?.status?.phase;
    return this.#gone || this.ended(container) !== undefined || phase === 'Failed' || phase === 'Succeeded';
  }

  /** Waits until `test` gives something, looking again whenever there is news. It rejects with what `test` throws, or the signal's reason. */
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
