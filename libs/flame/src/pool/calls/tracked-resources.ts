import { FlameResource } from '../../core/flame-resource.js';
import type { FlameData } from '../../core/flame-resource.js';
import { IdMap } from '../../core/session/id-map.js';

/** Who waits for the release of which of a call's resources. */
type Loan = Map<number, () => void>;

/**
 * The resources on one runner that callers hold here: what their handles, the FlameResources, lead to. It does not hold the handles: one
 * that nobody holds any more is collected as garbage, and its resource released.
 */
export class TrackedResources {
  readonly #release: (id: number, resource: number) => void;
  readonly #loans = new IdMap<Loan>();
  readonly #dropped = new FinalizationRegistry<{ id: number; resource: number }>(({ id, resource }) => void this.#let(id, resource));

  /** @param release tells the runner that nobody holds a resource any more. */
  constructor(release: (id: number, resource: number) => void) {
    this.#release = release;
  }

  /** A handle of a resource that came in with a result. */
  take(id: number, resource: number, value: unknown): FlameResource {
    if (!this.#loans.has(id)) this.#loans.set(id, new Map());
    // Not the handle itself, which nothing here may keep alive.
    const key = {};
    const handle = new FlameResource(value as FlameData<unknown>, () => {
      this.#dropped.unregister(key);
      return this.#let(id, resource);
    });
    this.#dropped.register(handle, { id, resource }, key);
    return handle;
  }

  /** Whether the call has any. */
  has(id: number): boolean {
    return this.#loans.has(id);
  }

  /** The runner has released one. */
  released(id: number, resource: number): void {
    const loan = this.#loans.get(id);
    loan?.get(resource)?.();
    loan?.delete(resource);
  }

  /** The call is over, and with it all of its resources are gone. */
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
