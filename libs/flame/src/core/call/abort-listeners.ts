/**
 * Follows AbortSignals with one listener for each signal, however many calls that signal ends. Node warns of a signal that has many
 * listeners. The listener goes with the signal's last follower.
 */
export class AbortListeners {
  readonly #followers = new WeakMap<AbortSignal, Set<() => void>>();

  /** Calls `aborted` once when the signal aborts; never for a signal that has aborted before. Returns what ends the following. */
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
