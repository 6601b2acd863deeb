/** Time as the shells see it: a monotonic reading and one-shot timers, so that tests can drive it. */
export interface Clock {
  /** Milliseconds, monotonic, with fractions; its zero means nothing. */
  now(): number;
  /** Calls `wake` once after `delay` milliseconds, unless the returned function is called first. Keeps the process alive only if `hold`. */
  after(delay: number, wake: () => void, hold?: boolean): () => void;
}
