/**
 * What a runner is told at birth, in `FLAME_PARENT`: base64 of this as JSON. It holds the token, so it is read once and
 * taken out of the environment.
 */
export interface ParentInfo {
  /** The pool that booted this runner. */
  readonly pool: string;
  readonly runner: string;
  /** Names the parent among others on the same platform. */
  readonly parent: string;
  /** The backend's name. */
  readonly backend: string;
  /** Where to attach: `unix:/path` or `host:port`. */
  readonly address: string;
  /** Single-use. */
  readonly token: string;
  /** The parent's certificate, PEM, which the runner pins; left out on a Unix socket. */
  readonly certificate?: string;
  /** The version of nestjs-flame at the parent. */
  readonly version: string;
  /** The digest of the parent's handlers. */
  readonly digest: string;
  /** Slots; the runner refuses more. */
  readonly maxConcurrency: number;
  /** Time until the runner must have attached; it ends itself after it. */
  readonly bootTimeout: number;
  /** Time that running work gets when the runner must leave. */
  readonly shutdownTimeout: number;
  /** Time for which a broken connection may come back. */
  readonly reconnectTimeout: number;
  /** The largest value that may cross, in bytes. */
  readonly maxPayload: number;
  /** As many processes as the machine has processors for: not more than are in `siblings` beside the first. */
  readonly processes?: 'auto';
  /** The other processes of this runner's machine, which its first process starts. */
  readonly siblings?: readonly { readonly runner: string; readonly token: string }[];
  /** Whether resources in results are tracked where the handler does not say. */
  readonly trackResources?: boolean;
  /** Whether the parent is a worker of a cluster: then the runner sees itself as one too. */
  readonly clusterWorker?: boolean;
  /** Whether the parent was started with a channel to the process above it, and so has `process.send`. */
  readonly ipc?: boolean;
  /** Whether the runner is on the parent's host, where the system tells at once when the other process ends, and silence means nothing. */
  readonly sameHost?: boolean;
  /** Set by the process backend: a file descriptor that reads end-of-file when the parent is gone. */
  readonly lifeline?: number;
}
