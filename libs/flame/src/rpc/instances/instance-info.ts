/** Another instance's view of an instance of the app. */
export interface InstanceInfo {
  readonly id: string;
  readonly region: string;
  /** The address at which it was reached. For this instance itself: the address at which it listens, or 'here'. */
  readonly address: string;
  /** The version of the app. */
  readonly version: string;
  /** Whether it is this instance. */
  readonly self: boolean;
}

/** An address, and whether an instance there takes calls. */
export interface KnownPeer {
  readonly address: string;
  /** Why no instance takes calls there; undefined while one does. */
  readonly trouble: string | undefined;
}
