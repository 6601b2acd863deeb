import { AsyncResource } from 'node:async_hooks';
import type { FlameTrackable } from '../../core/flame-trackable.js';
import { IdMap } from '../../core/session/id-map.js';

/** What the book of resources is kept with. */
export interface TrackedResourcesSetup {
  /** A resource of a call has been released. */
  readonly onReleased: (id: number, resource: number) => void;
  /** That was the last one of the call. */
  readonly onAllReleased: (id: number) => void;
  readonly warn: (text: string) => void;
}

interface Loan {
  readonly name: string;
  readonly scope: AsyncResource;
  /** Those that are held elsewhere. */
  readonly out: Map<number, FlameTrackable>;
  /** Those and the ones that are being released. */
  left: number;
}

/**
 * The resources that the results of this runner's calls handed out, by call and number. Each is released once, when its holder says so, or when its call is
 * aborted.
 */
export class TrackedResources {
  readonly #setup: TrackedResourcesSetup;
  readonly #loans = new IdMap<Loan>();

  constructor(setup: TrackedResourcesSetup) {
    this.#setup = setup;
  }

  open(id: number, name: string, resources: readonly FlameTrackable[]): void {
    // In the context of the call: what releases a resource is still the handler's code.
    this.#loans.set(id, { name, scope: new AsyncResource('FLAMERESOURCE'), out: new Map(resources.entries()), left: resources.length });
  }

  /** Whether the call still has any. */
  has(id: number): boolean {
    return this.#loans.has(id);
  }

  /** One that was released before, or never was, is nobody's business. */
  release(id: number, resource: number): void {
    const loan = this.#loans.get(id);
    const thing = loan?.out.get(resource);
    if (!loan || !thing) return;
    loan.out.delete(resource);
    void this.#let(id, resource, loan, thing);
  }

  releaseAll(id: number): void {
    for (const resource of this.#loans.get(id)?.out.keys() ?? []) this.release(id, resource);
  }

  async #let(id: number, resource: number, loan: Loan, thing: FlameTrackable): Promise<void> {
    try {
      await loan.scope.runInAsyncScope(async () => thing.onFlameRelease());
    } catch (error) {
      const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#setup.warn(`onFlameRelease of a resource of ${loan.name} threw: ${words}`);
    }
    this.#setup.onReleased(id, resource);
    loan.left -= 1;
    if (loan.left > 0) return;
    this.#loans.delete(id);
    this.#setup.onAllReleased(id);
  }
}
