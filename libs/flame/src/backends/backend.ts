import type { Check } from '../core/check.js';
import type { FlameLog } from '../core/flame-log.js';
import type { ParentInfo } from '../core/parent-info.js';

/**
 * Makes machines and removes them. A backend knows one platform; it knows nothing of pools, calls or sessions.
 *
 * Extend it for a platform of your own; the backend contract suite (`test/contracts`) shows what the pool relies on.
 */
export abstract class FlameBackend {
  /** One lower-case word; it starts the backend's error messages and log lines. */
  abstract readonly name: string;

  /**
   * How a runner reaches the parent: `memory` (same process), `host` (a Unix socket private to the user; loopback with TLS where there are
   * none) or `network` (TCP with TLS).
   */
  abstract readonly reach: 'memory' | 'host' | 'network';

  /** Whether its runners boot only once a debugger is attached. No boot takes too long then. */
  readonly waitsForDebugger?: boolean;

  /**
   * Checks options and environment once, when the app starts.
   *
   * @throws {FlameError} FLAME_CONFIG that names the option and the fix.
   */
  async prepare(_context: BackendContext): Promise<void> {}

  /**
   * Makes one machine, which boots the app as a runner. Resolves as soon as the platform says that it was started; the pool
   * itself waits for the runner to attach.
   *
   * It must give up and remove what it made when `order.signal` aborts, and remove what it made when it throws.
   * Throw a `BootError` with `fatal: true` for what cannot get better by trying again (no such image, bad credentials).
   */
  abstract boot(order: BootRequest): Promise<Machine>;

  /**
   * Removes what parents that are gone left on the platform, and returns how many machines that were. Called once, when the app starts,
   * beside its first boots.
   *
   * It must know for certain that a machine's parent is gone, and leave it alone in doubt: this parent's machines, those of another one of
   * the same app, and those of one that a deploy is just replacing are all in use. A machine that still runs may be finishing unlinked work
   * of its parent, and gets the time for that. Gives up when `signal` aborts.
   */
  async reap(_signal?: AbortSignal): Promise<number> {
    return 0;
  }

  /**
   * Looks at what boots will need, without booting anything: what `npx nestjs-flame doctor` prints before it boots a runner of its own.
   * Called after `prepare`.
   *
   * The implementer owes one check for each of these that the platform has, by these names and in this order: `engine` (or the platform's
   * word for what is talked to: reachable, and which version), `rights` (what is used may be used), `image` (it is there, or can be
   * fetched), `network` (machines can reach this process). It ends with the first failure that leaves the rest without meaning.
   *
   * It changes nothing on the platform and leaves nothing there. It gives up when `signal` aborts. A problem is a check that is not
   * `ok`, with its `fix`. It throws only for problems without a fix. No check shows a secret.
   */
  async examine(_signal: AbortSignal): Promise<readonly Check[]> {
    return [];
  }

  /**
   * The ids of this parent's machines that the platform has at this moment, whatever the backend itself knows. Doctor uses it to check that
   * nothing is left. A backend that cannot ask its platform leaves the method out.
   */
  machines?(): Promise<readonly string[]>;

  /** Ends what the backend itself holds (clients, sockets), after its machines are gone; idempotent. */
  async close(): Promise<void> {}
}

/** The parent that a backend works for. */
export interface BackendContext {
  /** Names this parent among others on the platform. */
  readonly parent: string;
  /** Whether this process was started by a test runner, in which case its command line is not the app's. */
  readonly underTest: boolean;
  /** The library's log, for events that no caller hears of, such as the pull of an image. */
  readonly log: FlameLog;
}

/** One machine to make. */
export interface BootRequest {
  readonly pool: string;
  readonly runner: string;
  readonly parent: string;
  /** The digest of the app's handlers, by which copies of the app know each other. */
  readonly handlers: string;
  readonly signal: AbortSignal;
  readonly bootTimeout: number;
  readonly shutdownTimeout: number;
  /**
   * The value of `FLAME_PARENT` for this machine. A `network` backend says under which host name the runner reaches the
   * parent; `more` is merged into what the runner is told.
   */
  flameParent(options?: { host?: string; more?: Partial<ParentInfo> }): Promise<string>;
  /** One line of the machine's output. */
  output(line: string, stream: 'stdout' | 'stderr'): void;
  /** Runs a runner in this very process, on an in-memory link: what LocalBackend is made of. */
  inProcess(): Promise<LocalMachine>;
}

/** What a backend booted; it hosts one runner. */
export interface Machine {
  /** The platform's name for it: a process id, a container id, a machine id. */
  readonly id: string;
  /** Resolves once, when the platform says that it is gone; never rejects. */
  readonly exited: Promise<MachineExit>;
  /**
   * Ends it: politely at first, by force after `grace` milliseconds (0: at once), and resolves when it is gone and nothing of it is left on
   * the platform. Idempotent. Where the platform does not answer, it gives up after a time of the backend's own, and removes it later: the
   * runner's place is free when this settles.
   */
  stop(grace: number): Promise<void>;
}

/** How a machine ended. */
export interface MachineExit {
  readonly how: 'exit' | 'signal' | 'oom' | 'stopped' | 'evicted' | 'vanished';
  /** The exit code, where there is one. */
  readonly code?: number;
  readonly signal?: string;
  /** Another one would end in the same way: there is no such command, say. A boot that ends so fails the calls that wait for it. */
  readonly fatal?: boolean;
  /** One sentence for people: "exit code 1", "killed by SIGKILL", "out of memory (limit 512 MiB)". */
  readonly text: string;
}

/** A machine that is this very process. Its connection can be broken at will, for tests of what a network does. */
export interface LocalMachine extends Machine {
  /** Breaks the connection: nothing passes until `mend`, and nothing is lost. */
  cut(): void;
  /** The connection is back. */
  mend(): void;
}
