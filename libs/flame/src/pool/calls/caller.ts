/** The HTTP request that linked calls are made for. They end when its client goes. */
export interface Caller {
  /** Why the client has gone; undefined while it is there. */
  readonly gone: string | undefined;
  /** Calls `left` when the client goes; never for a client that has already gone. Returns a function that ends this. */
  follow(left: (reason: string) => void): () => void;
}
