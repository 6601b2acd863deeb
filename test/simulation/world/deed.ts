/** What a handler of a simulated app does, as its caller tells it. */
export interface Deed {
  /** The call's number in the world. */
  readonly call: number;
  readonly does: 'returns' | 'throws' | 'hangs' | 'ignores its abort' | 'returns much' | 'streams' | 'reads a stream' | 'crashes';
  /** How long it takes, in milliseconds; items, for a stream that it gives or reads. */
  readonly takes: number;
  readonly retried: boolean;
}
