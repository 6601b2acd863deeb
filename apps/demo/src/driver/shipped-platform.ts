/** A platform whose machines get the app's code from the app. Disposing of it removes all that was made for the demo. */
export interface ShippedPlatform extends AsyncDisposable {
  readonly name: string;
  /** What a runner lives in. */
  readonly unit: string;
  /** The app's environment, which chooses its backend. */
  readonly env: Readonly<Record<string, string>>;
  /** The machines of the app's runners that the platform has, those that have ended included. */
  runners(): Promise<string[]>;
}

/** Where the demo is, for the app and for its runners. */
export interface ShippedStart {
  /** An image with Node and nothing else. */
  readonly image: string;
  /** Where the videos are, on the host and on every machine. */
  readonly store: string;
  /** An empty folder on the host, which may keep code for machines. */
  readonly cache: string;
}
