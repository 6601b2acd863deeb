/**
 * Reads how far a database's log has come, so that a call can wait until the local replica has its writes. Each instance has one, on the
 * database that it reads: the primary in the primary region, else the replica there. A position is a text of at most 256 characters that
 * only clocks read.
 */
export interface ReplicationClock {
  /**
   * The position of the primary's log. All that was committed before the call is at this position or before it. Called on instances of the
   * primary region, after a handler.
   */
  position(): Promise<string>;
  /**
   * Resolves when the local database has replayed its log up to `position`. While it cannot be asked, the promise stays pending. Rejects
   * when `signal` aborts, and when it is certain that the wait is in vain: the local database does not follow the log of that position.
   */
  reached(position: string, signal: AbortSignal): Promise<void>;
  /**
   * The later of two positions; one that was reached includes the other. Only sessions need it, which keep one position.
   */
  later?(one: string, other: string): string;
}

/** The most characters of a position. Other instances, and the clients of a session, are not trusted with more. */
export const longestPosition = 256;
