import { FlameResource } from '../../core/flame-resource.js';
import type { FlameData } from '../../core/flame-resource.js';
import { IdMap } from '../../core/session/id-map.js';

/** The releases of a call's resources that its runner has not confirmed, by resource. */
type Loan = Map<number, () => void>;

/**
 * The resources on one runner for which callers hold handles (`FlameResource`) here. It does not hold the handles. A handle that is no
 * longer in use is garbage-collected, and its resource is released.
 */
export class TrackedResources {
  readonly #release: (id: number, resource: number) => void;
  readonly #loans = new IdMap<Loan>();
  readonly #dropped = new FinalizationRegistry<{ id: number; resource: number }>(({ id, resource }) => void this.#let(id, resource));

  /** @param release tells the runner that a resource is no longer in use. */
  constructor(release: (id: number, resource: number) => void) {
    this.#release = release;
  }

  /** Makes the handle of a resource that came with a result. */
  take(id: number, resource: number, value: unknown): FlameResource {
    if (!this.#loans.has(id)) this.#loans.set(id, new Map());
    // The key is not the handle, because this registry must not keep the handle alive.
    const key = {};
    const handle = new FlameResource(value as FlameData<unknown>, () => {
      this.#dropped.unregister(key);
      return this.#let(id, resource);
    });
    this.#dropped.register(handle, { id, resource }, key);
    return handle;
  }

  /** True if the call has resources. */
  has(id: number): boolean {
    return this.#loans.has(id);
  }

  /** The runner has released a resource. */
  released(id: number, resource: number): void {
    const loan = this.#loans.get(id);
    loan?.get(resource)?.();
    loan?.delete(resource);
  }

  /** The call is over, so all of its resources are released. */
  close(id: number): void {
    const loan = this.#loans.get(id);
    if (!loan) return;
    this.#loans.delete(id);
    for (const resolve of loan.values()) resolve();
  }

  /** The runner is gone. */
  closeAll(): void {
    for (const id of this.#loans.ids()) this.close(id);
  }

  #let(id: number, resource: number): Promise<void> {
    const loan = this.#loans.get(id);
    if (!loan) return Promise.resolve();
    return new Promise((resolve) => {
      loan.set(resource, resolve);
      this.#release(id, resource);
    });
  }
}
