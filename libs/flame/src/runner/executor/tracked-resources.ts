import { AsyncResource } from 'node:async_hooks';
import type { FlameTrackable } from '../../core/flame-trackable.js';
import { IdMap } from '../../core/session/id-map.js';

/** Dependencies of `TrackedResources`. */
export interface TrackedResourcesSetup {
  /** Called when a resource of a call has been released. */
  readonly onReleased: (id: number, resource: number) => void;
  /** Called when all resources of a call have been released. */
  readonly onAllReleased: (id: number) => void;
  readonly warn: (text: string) => void;
}

interface CallResources {
  readonly name: string;
  readonly scope: AsyncResource;
  /** The resources that the caller still holds, by number. */
  readonly held: Map<number, FlameTrackable>;
  /** How many resources are held or being released. */
  left: number;
}

/**
 * The resources in the results of this runner's calls, by call and number. Each is released once: when its holder releases it, or when its
 * call is aborted.
 */
export class TrackedResources {
  readonly #setup: TrackedResourcesSetup;
  readonly #calls = new IdMap<CallResources>();

  constructor(setup: TrackedResourcesSetup) {
    this.#setup = setup;
  }

  open(id: number, name: string, resources: readonly FlameTrackable[]): void {
    // Keeps the async context of the call, because `onFlameRelease` is still the handler's code.
    this.#calls.set(id, { name, scope: new AsyncResource('FLAMERESOURCE'), held: new Map(resources.entries()), left: resources.length });
  }

  /** Whether the call still has resources. */
  has(id: number): boolean {
    return this.#calls.has(id);
  }

  /** Releasing an unknown or already released resource has no effect. */
  release(id: number, resource: number): void {
    const call = this.#calls.get(id);
    const thing = call?.held.get(resource);
    if (!call || !thing) return;
    call.held.delete(resource);
    void this.#end(id, resource, call, thing);
  }

  releaseAll(id: number): void {
    for (const resource of this.#calls.get(id)?.held.keys() ?? []) this.release(id, resource);
  }

  async #end(id: number, resource: number, call: CallResources, thing: FlameTrackable): Promise<void> {
    try {
      await call.scope.runInAsyncScope(async () => thing.onFlameRelease());
    } catch (error) {
      const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#setup.warn(`onFlameRelease of a resource of ${call.name} threw: ${words}`);
    }
    this.#setup.onReleased(id, resource);
    call.left -= 1;
    if (call.left > 0) return;
    this.#calls.delete(id);
    this.#setup.onAllReleased(id);
  }
}
