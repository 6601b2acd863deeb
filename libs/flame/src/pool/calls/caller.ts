/** The HTTP request for which linked calls are made. These calls end when its client disconnects. */
export interface Caller {
  /** Why the client is gone; undefined while it is connected. */
  readonly gone: string | undefined;
  /** Calls `left` when the client disconnects; never for a client that is already gone. Returns a function that ends this. */
  follow(left: (reason: string) => void): () => void;
}
