/** An instance of the app, as the others know it. */
export interface InstanceInfo {
  readonly id: string;
  readonly region: string;
  /** Where it was reached; for this instance itself, where it listens, or 'here'. */
  readonly address: string;
  /** The version of the app. */
  readonly version: string;
  /** Whether it is this instance. */
  readonly self: boolean;
}

/** An address and how it is with whoever is there. */
export interface KnownPeer {
  readonly address: string;
  /** Why nobody there takes calls; undefined while somebody does. */
  readonly trouble: string | undefined;
}
