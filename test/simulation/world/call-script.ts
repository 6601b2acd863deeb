/** The behaviour of a handler for one call. The caller passes it as the argument. */
export interface CallScript {
  /** The call's number in the world. */
  readonly call: number;
  readonly does: 'returns' | 'throws' | 'hangs' | 'ignores its abort' | 'returns much' | 'streams' | 'reads a stream' | 'crashes';
  /** How long it takes, in milliseconds; items, for a stream that it gives or reads. */
  readonly takes: number;
  readonly retried: boolean;
}
