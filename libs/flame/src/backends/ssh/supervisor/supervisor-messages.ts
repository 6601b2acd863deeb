/** How a runner's process ended, as its supervisor saw it. */
export interface RunnerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The kernel's OOM killer has killed a process of the host within the last two seconds. */
  readonly oom: boolean;
  /** Whether nothing is left of its process group. */
  readonly gone: boolean;
}

/** What a runner is started with. Times are milliseconds; JSON writes `Infinity` as null. */
export interface RunnerStart {
  readonly id: string;
  readonly file: string;
  readonly args: readonly string[];
  /** In addition to the login's environment. It contains FLAME_PARENT. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  readonly shutdownTimeout: number;
  readonly reconnectTimeout: number;
}

/** The requests to a supervisor, and the values of their answers. */
export interface SupervisorRequests {
  /** Starts a runner. Rejects with the system's error. */
  run: { with: RunnerStart; answer: { readonly pid: number } };
  /** Looks at the host. `free` is in bytes. */
  look: { with: object; answer: { readonly folder: string; readonly free: number; readonly node: string } };
  /** The runners of which a process exists. */
  list: { with: object; answer: readonly { readonly id: string; readonly pid: number }[] };
  /** Ends the runners of supervisors that were killed, and returns their number. */
  reap: { with: object; answer: number };
}

/** A message to a supervisor: one line of JSON. */
export type ToSupervisor =
  | { readonly type: 'ask'; readonly number: number; readonly what: keyof SupervisorRequests }
  | { readonly type: 'stop'; readonly id: string; readonly grace: number }
  /** The exit of this runner has been read. */
  | { readonly type: 'forget'; readonly id: string }
  | { readonly type: 'ping' }
  /** Kills all runners, and ends the supervisor. */
  | { readonly type: 'end' };

/** A message of a supervisor. */
export type FromSupervisor =
  /** The first message of a connection, with the runners that the supervisor has. Their output and ends since the last connection follow. */
  | { readonly type: 'hello'; readonly runners: readonly string[] }
  | ({ readonly type: 'exit'; readonly id: string } & RunnerExit)
  | { readonly type: 'output'; readonly id: string; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly type: 'answer'; readonly number: number; readonly value?: unknown; readonly error?: HostError }
  /** The supervisor could not start. */
  | ({ readonly type: 'failed' } & HostError)
  /** The host's Node is too old to run it. */
  | { readonly type: 'old'; readonly node: string };

/** An error of the host's system. */
export interface HostError {
  readonly code?: string;
  readonly message: string;
}
