/** How to start the app away from this process. */
export interface ContainedAppStart {
  readonly image: string;
  /** Where the videos are, on the host and in every container. */
  readonly store: string;
  readonly signal: AbortSignal;
}

/** The demo's app on a platform, where it boots its runners beside itself. Disposing of it removes all that was made for it. */
export interface ContainedApp extends AsyncDisposable {
  readonly url: string;
  /** The machines of the app's runners that the platform has, those that have ended included. */
  runners(): Promise<string[]>;
  /** Tells it to end, as a deploy does; resolves when it has, with its exit code, where the platform still knew it. */
  stop(): Promise<number | undefined>;
}
