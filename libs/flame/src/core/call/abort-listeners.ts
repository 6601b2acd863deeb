/**
 * Adds one listener to each AbortSignal, however many calls follow that signal: Node warns about a signal with many listeners. The listener
 * is removed with the signal's last follower.
 */
export class AbortListeners {
  readonly #followers = new WeakMap<AbortSignal, Set<() => void>>();

  /**
   * Calls `aborted` once when the signal aborts. Never calls it for a signal that is already aborted. Returns a function that ends this.
   */
  follow(signal: AbortSignal, aborted: () => void): () => void {
    const followers = this.#followers.get(signal) ?? this.#listen(signal);
    // The same function may follow a signal twice.
    const follower = (): void => aborted();
    followers.add(follower);
    return () => {
      if (followers.delete(follower) && followers.size === 0) this.#stop(signal);
    };
  }

  #listen(signal: AbortSignal): Set<() => void> {
    const followers = new Set<() => void>();
    this.#followers.set(signal, followers);
    signal.addEventListener('abort', this.#aborted, { once: true });
    return followers;
  }

  #stop(signal: AbortSignal): void {
    this.#followers.delete(signal);
    signal.removeEventListener('abort', this.#aborted);
  }

  readonly #aborted = ({ target }: Event): void => {
    const signal = target as AbortSignal;
    const followers = this.#followers.get(signal);
    this.#followers.delete(signal);
    for (const aborted of followers ?? []) aborted();
  };
}
