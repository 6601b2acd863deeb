/** What the start script of a bundle tells the library that runs in it. */
export interface StartedBundle {
  /** The path of the start script. */
  readonly script: string;
  /** Writes the code that V8 has compiled so far to disk, if no earlier runner has. */
  saveCompiledCode(): void;
}

const key = Symbol.for('nestjs-flame:bundle');

/** The bundle that this process was started from; undefined if it was started from the app's own files. */
export function startedBundle(): StartedBundle | undefined {
  return (globalThis as { [key]?: StartedBundle })[key];
}

/** The code of a bundle and the library inside of it find the bundle by this. */
export function setStartedBundle(bundle: StartedBundle): void {
  (globalThis as { [key]?: StartedBundle })[key] = bundle;
}
