/** Whom linked calls are made for, beside their signal: the HTTP request that the app answers with them. */
export interface Caller {
  /** Why it has gone; undefined while it is there. */
  readonly gone: string | undefined;
  /** Calls `left` when it goes, and not at once when it has gone before. Returns what ends the following. */
  follow(left: (reason: string) => void): () => void;
}
