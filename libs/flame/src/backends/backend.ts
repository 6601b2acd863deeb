import type { Check } from '../core/check.js';
import type { FlameLog } from '../core/flame-log.js';
import type { ParentInfo } from '../core/parent-info.js';

/**
 * Makes and removes machines on one platform. A backend does not deal with pools, calls or sessions.
 *
 * Extend this class to support another platform. The backend contract suite (`test/contracts`) tests everything that the pool relies on.
 */
export abstract class FlameBackend {
  /** One lower-case word. The backend's error messages and log lines start with it. */
  abstract readonly name: string;

  /**
   * How a runner reaches the parent: `memory` (same process), `host` (a Unix socket private to the user, or loopback with TLS on systems
   * without Unix sockets) or `network` (TCP with TLS).
   */
  abstract readonly reach: 'memory' | 'host' | 'network';

  /** Whether this backend, as the module's, makes the machines of all pools, also of those that name another. For tests. */
  readonly forAllPools?: boolean;

  /** Whether runners boot only after a debugger is attached. If true, boots have no time limit. */
  readonly waitsForDebugger?: boolean;

  /**
   * Checks options and environment once, when the app starts.
   *
   * @throws {FlameError} FLAME_CONFIG that names the option and the fix.
   */
  async prepare(_context: BackendContext): Promise<void> {}

  /**
   * Makes one machine, which boots the app as a runner. Resolves as soon as the platform confirms the start. The pool itself waits for the
   * runner to attach.
   *
   * When `request.signal` aborts, the implementation must stop and remove everything that it made. It must also do so before it throws.
   * Throw a `BootError` with `fatal: true` if a retry cannot succeed (the image does not exist, the credentials are wrong).
   */
  abstract boot(request: BootRequest): Promise<Machine>;

  /**
   * Removes the machines that former parents left on the platform, and returns their number. Called once, when the app starts, in parallel
   * with its first boots.
   *
   * The implementation may remove a machine only if its parent is certainly gone. In doubt the machine stays: the machines of this parent,
   * of another parent of the same app, and of a parent that a deploy is replacing are all in use. An orphaned machine that still runs may
   * be finishing unlinked work, and gets time to do so. The method returns early when `signal` aborts.
   */
  async reap(_signal?: AbortSignal): Promise<number> {
    return 0;
  }

  /**
   * Checks everything that boots need, without booting. `npx nestjs-flame doctor` prints these checks before it boots a runner. Called
   * after `prepare`.
   *
   * The implementation returns one check for each of these subjects that the platform has, with these names and in this order: `engine` (or
   * the platform's term for its API: it is reachable, and its version), `rights` (this process has the rights that boots need), `image` (it
   * exists or can be fetched), `network` (machines can reach this process). It stops after the first failure that makes the remaining
   * checks meaningless.
   *
   * The method changes nothing on the platform and leaves nothing there. It returns early when `signal` aborts. A problem is reported as a
   * check that is not `ok`, with its `fix`. The method throws only for problems without a fix. No check shows a secret.
   */
  async examine(_signal: AbortSignal): Promise<readonly Check[]> {
    return [];
  }

  /**
   * The ids of this parent's machines that the platform reports now, regardless of the backend's own state. Doctor uses this to check that
   * no machine is left. Omit the method if the platform cannot be queried.
   */
  machines?(): Promise<readonly string[]>;

  /** Closes the backend's own resources (clients, sockets), after its machines are gone; idempotent. */
  async close(): Promise<void> {}
}

/** The parent that a backend works for. */
export interface BackendContext {
  /** Distinguishes this parent from others on the platform. */
  readonly parent: string;
  /** Whether a test runner started this process. If so, its command line is not the app's. */
  readonly underTest: boolean;
  /** The library's log, for events that are not part of a call's result, such as an image pull. */
  readonly log: FlameLog;
}

/** One machine to make. */
export interface BootRequest {
  readonly pool: string;
  readonly runner: string;
  readonly parent: string;
  /** The digest of the app's handlers. Copies of the same app have the same digest. */
  readonly handlers: string;
  readonly signal: AbortSignal;
  readonly bootTimeout: number;
  readonly shutdownTimeout: number;
  /** Time in which a runner may restore a broken connection. After that it ends by itself. */
  readonly reconnectTimeout: number;
  /**
   * The value of `FLAME_PARENT` for this machine. A `network` backend passes the host name under which the runner reaches the parent.
   * `more` is merged into the runner's `ParentInfo`. A backend that carries the runners' connections to the parent itself, for example
   * through SSH, passes `tunnel` instead of `host`: it gets a port of the parent that is open on loopback only, with TLS, and returns the
   * address at which a runner finds the other end.
   */
  flameParent(options?: FlameParentOptions): Promise<string>;
  /**
   * Lets this machine fetch the app's code from the address of `flameParent`, until its runner has attached or the boot has ended.
   * `bootTimeout` begins again with each piece that is sent.
   */
  serveCode(code: AppCode): Promise<void>;
  /** Passes on one line of the machine's output. */
  output(line: string, stream: 'stdout' | 'stderr'): void;
  /** Runs a runner in this process, on an in-memory link. Used by LocalBackend. */
  inProcess(): Promise<LocalMachine>;
}

/** The app's code, for machines that do not have it. `ShippedCode` makes it. */
export interface AppCode {
  /** The size of the archive, in bytes. */
  readonly bytes: number;
  /** Reads at most `length` bytes of the archive. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The program that fetches the archive and runs the app. */
  loader(): Promise<Uint8Array>;
}

/** How a runner reaches the parent, and what else it is told. */
export interface FlameParentOptions {
  readonly host?: string;
  readonly tunnel?: (port: number) => Promise<string>;
  readonly more?: Partial<ParentInfo>;
}

/** A machine that a backend booted. It hosts one runner. */
export interface Machine {
  /** The platform's id for the machine: a process id, a container id, a machine id. */
  readonly id: string;
  /** Resolves once, when the platform reports that the machine is gone; never rejects. */
  readonly exited: Promise<MachineExit>;
  /**
   * Ends the machine: first with a request to end, and by force after `grace` milliseconds (0: at once). Resolves when the machine is gone
   * and nothing of it is left on the platform. Idempotent. If the platform does not answer, this method gives up after a time that the
   * backend chooses, and the backend removes the machine later. When this settles, the pool can use the runner's place again.
   */
  stop(grace: number): Promise<void>;
}

/** How a machine ended. */
export interface MachineExit {
  readonly how: 'exit' | 'signal' | 'oom' | 'stopped' | 'evicted' | 'vanished';
  /** The exit code, if there is one. */
  readonly code?: number;
  readonly signal?: string;
  /**
   * Another machine would end in the same way, for example because the command does not exist. If a boot ends like this, the calls that
   * wait for it fail.
   */
  readonly fatal?: boolean;
  /** One sentence for people: "exit code 1", "killed by SIGKILL", "out of memory (limit 512 MiB)". */
  readonly text: string;
}

/** A machine that is this process. Tests can interrupt its connection to simulate network failures. */
export interface LocalMachine extends Machine {
  /** Interrupts the connection: frames wait until `restore`, and none is lost. */
  cut(): void;
  /** Restores the connection. */
  restore(): void;
}
