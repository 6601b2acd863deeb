import type { FlameError } from '../../core/errors/flame-error.js';
import type { ReplicaWait } from './await-replica.js';
import type { ToldPosition } from './call-positions.js';

/** Takes the positions of calls that are made in the async context of a session. */
export interface PositionKeeper {
  keep(position: string): void;
}

/** One wait for the replica. */
export interface WaitFor {
  readonly told: ToldPosition;
  readonly wait: ReplicaWait;
  /** `Class.method`, for messages. */
  readonly label: string;
  /** When the call's own time is up, on the instance's clock. */
  readonly until: number;
  readonly signal?: AbortSignal | undefined;
  /** `{ result }` for the error, if there is one. */
  readonly result?: { readonly result?: unknown };
}

/** The functions of `Replication` for one call. */
export interface ReplicaWaiter {
  /** Waits for the replica. Resolves to the error for the caller, or undefined. */
  wait(wait: WaitFor): Promise<FlameError | undefined>;
  isPrimaryRegion(region: string): boolean;
  /** @throws {FlameError} FLAME_CONFIG for a region other than the primary one. */
  refuseRegion(label: string, region: string): void;
  /** Warns at most once a minute: a replica that is behind is behind for all calls. */
  warn(text: string): void;
}
