/** One connection of a session: packets in order, until it breaks. */
export interface Pipe {
  /** `written` is called when the packet has been handed to the system and the next one may come. */
  write(packet: Buffer, written: () => void): void;
  /** Ends politely, after what was written. Idempotent. */
  end(): void;
  /** Ends at once; `reason` is for the other end, if it still listens. Idempotent. */
  destroy(reason: string): void;
}
