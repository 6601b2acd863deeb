/**
 * The content of the environment variable `FLAME_PARENT`, with which a pool boots a runner: base64 of this object as JSON. It contains the
 * token, so the runner reads it once and deletes the variable.
 */
export interface ParentInfo {
  /** The pool that booted this runner. */
  readonly pool: string;
  readonly runner: string;
  /** Identifies the parent among other parents on the same platform. */
  readonly parent: string;
  /** The backend's name. */
  readonly backend: string;
  /** The address to attach to: `unix:/path` or `host:port`. */
  readonly address: string;
  /** The single-use token. */
  readonly token: string;
  /** The parent's certificate as PEM, which the runner pins; undefined on a Unix socket. */
  readonly certificate?: string;
  /** The version of nestjs-flame at the parent. */
  readonly version: string;
  /** The digest of the parent's handlers. */
  readonly digest: string;
  /** The runner's number of slots. It refuses further calls. */
  readonly maxConcurrency: number;
  /** Time in which the runner must attach. After that it ends itself. */
  readonly bootTimeout: number;
  /** Time for running calls to end when the runner must leave. */
  readonly shutdownTimeout: number;
  /** Time in which a broken connection can be restored. */
  readonly reconnectTimeout: number;
  /** The largest value that may cross, in bytes. */
  readonly maxPayload: number;
  /** True if the runner starts a process for each processor of its machine, up to one more than `siblings` has entries. */
  readonly processes?: 'auto';
  /** The other processes of this runner's machine, which its first process starts. */
  readonly siblings?: readonly { readonly runner: string; readonly token: string }[];
  /** Whether resources in results are tracked, for handlers without this option. */
  readonly trackResources?: boolean;
  /** Whether the parent is a cluster worker. Then the runner appears as a cluster worker to the app, too. */
  readonly clusterWorker?: boolean;
  /** Whether the parent was started with an IPC channel, and so has `process.send`. */
  readonly ipc?: boolean;
  /**
   * Whether the runner is on the parent's host. There the system reports at once that the other process has ended, so silence
   * says nothing.
   */
  readonly sameHost?: boolean;
  /** The app's code, if the runner's machine fetches it from the parent. */
  readonly code?: CodeInfo;
  /** A file descriptor that reads end-of-file when the parent is gone. Set by `ProcessBackend`. */
  readonly lifeline?: number;
}

/** The app's code, which the loader fetches from the parent before it runs the app's main file. Paths are relative to the archive's root. */
export interface CodeInfo {
  /** SHA-256 of the uncompressed archive, in hex. */
  readonly hash: string;
  /** The sizes of the archive in bytes, compressed and uncompressed. */
  readonly bytes: number;
  readonly unpacked: number;
  /** The app's main file. */
  readonly main: string;
  /** The working folder of the runner. */
  readonly folder: string;
  /** What Node preloads before the main file, as values of `--import`. */
  readonly preloads: readonly string[];
  /** The folder on the machine that keeps fetched code; one in the machine's temporary folder if left out. */
  readonly cache?: string;
}
