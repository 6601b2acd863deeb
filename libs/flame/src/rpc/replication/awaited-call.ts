import type { InstanceSession } from '../instances/instance-session.js';
import type { ReplicaWait } from './await-replica.js';
import type { CallPositions, ToldPosition } from './call-positions.js';
import type { PositionKeeper, ReplicaWaiter } from './replica-waiter.js';

export interface AwaitedCallSetup {
  readonly label: string;
  /** Undefined if only a session needs the positions. */
  readonly wait: ReplicaWait | undefined;
  readonly keeper: PositionKeeper | undefined;
  readonly until: number;
  readonly signal: AbortSignal | undefined;
}

/** A call to another instance that needs the positions of its writes: to wait for the replica, or for a session. */
export class AwaitedCall implements CallPositions {
  readonly #replication: ReplicaWaiter;
  readonly #setup: AwaitedCallSetup;
  readonly #streams = new AbortController();
  #told: ToldPosition | undefined;
  /** False for a call to another region than the primary one. */
  #wanted = true;
  #reports = true;
  #returned = false;

  constructor(replication: ReplicaWaiter, setup: AwaitedCallSetup) {
    this.#replication = replication;
    this.#setup = setup;
  }

  /** Sets the region of the call. @throws {FlameError} FLAME_CONFIG if it waits, and the region is not the primary one. */
  goesTo(region: string): void {
    if (this.#setup.wait) this.#replication.refuseRegion(this.#setup.label, region);
    else this.#wanted = this.#replication.isPrimaryRegion(region);
  }

  /** Those of `able` that may run the call: those that report positions. If it needs none for certain, any if none of them does. */
  choose(able: InstanceSession[]): InstanceSession[] {
    if (!this.#wanted) return able;
    const reporting = able.filter(({ reportsPositions }) => reportsPositions);
    this.#reports = reporting.length > 0;
    return this.#reports || this.#setup.wait?.onTimeout === 'fail' ? reporting : able;
  }

  told(told: ToldPosition): void {
    this.#told = told;
    this.#keep(told);
  }

  async atStreamEnd(told: ToldPosition): Promise<unknown> {
    this.#keep(told);
    const { wait, label, until } = this.#setup;
    if (!wait) return undefined;
    return this.#replication.wait({ told, wait, label, until, signal: this.#streams.signal });
  }

  over(): void {
    this.#streams.abort();
  }

  /** Waits for the replica, and gives the result. For a result with streams, their ends wait. @throws {FlameError} */
  async returned(result: unknown): Promise<unknown> {
    const { wait, label, until, signal } = this.#setup;
    if (!wait) return result;
    if (!this.#reports)
      this.#replication.warn(
        `${label} did not wait for the local replica: no instance of the primary region reports the position of its log.`,
      );
    if (!this.#told) return result;
    this.#returned = true;
    const error = await this.#replication.wait({ told: this.#told, wait, label, until, signal, result: { result } });
    if (error) throw error;
    return result;
  }

  /** Waits for what a handler wrote before it threw, and gives its error. A call without a position fails at once. */
  async threw(error: unknown): Promise<unknown> {
    const { wait, label, until, signal } = this.#setup;
    if (!wait || !this.#told || this.#returned) return error;
    const late = await this.#replication.wait({ told: this.#told, wait, label, until, signal });
    if (late) this.#replication.warn(`${late.message} Its caller gets the error that it threw.`);
    return error;
  }

  #keep(told: ToldPosition): void {
    const { keeper, label } = this.#setup;
    if (!keeper) return;
    if ('position' in told) keeper.keep(told.position);
    else this.#replication.warn(`${label} ran, but its session does not have the position of the log: ${told.unknown}`);
  }
}
