import type { BootError } from '../errors/boot-error.js';
import type { FlameError } from '../errors/flame-error.js';
import type { CancelCause } from '../session/frame.js';
import type { PoolCall } from './entries.js';

/** An event that the pool's shell reports to the machine. It has no effect if the pool no longer has its runner or call. */
export type PoolFact =
  /** The app starts: boot `min`. */
  | { type: 'start' }
  | { type: 'call'; call: PoolCall }
  /** The caller's signal aborted, or the call failed with `error` while its work goes on. */
  | { type: 'abort'; call: PoolCall; reason: string; error?: FlameError }
  /**
   * The caller has the answer, but the slot is not free yet. With `streaming`, the handler still works: its time limit still counts, and
   * the call can still fail. Without, a child or resources stay on the runner, without a time limit.
   */
  | { type: 'held'; call: PoolCall; streaming?: boolean }
  /** The caller no longer needs the streams or the child: it left the stream, or stopped the child. */
  | { type: 'abandoned'; call: PoolCall; reason: string }
  /** The work is over and its slot is free. The caller has the answer, now or earlier. */
  | { type: 'ended'; call: PoolCall }
  /** The runner is leaving. It sent the call back without starting it. */
  | { type: 'bounced'; call: PoolCall }
  | { type: 'up'; runner: string }
  | { type: 'boot-failed'; runner: string; error: BootError }
  /** The runner's machine has got `sent` of `total` bytes of the app's code. */
  | { type: 'shipping'; runner: string; sent: number; total: number }
  /** The answer to `ask`. */
  | { type: 'consent'; runner: string; yes: boolean }
  | { type: 'suspended'; runner: string }
  | { type: 'resumed'; runner: string }
  /** The runner takes no new work, because it was told to leave or a handler ignored its abort. */
  | { type: 'leaving'; runner: string; reason: string; ignoredAbort?: boolean }
  /** The runner is lost, with all calls that ran on it; `how` explains it, for logs and errors. */
  | { type: 'down'; runner: string; how: string }
  /** The platform has confirmed that the runner's machine is gone. */
  | { type: 'gone'; runner: string }
  | { type: 'resize'; min: number; max: number }
  /** New calls wait until `resume`. Running calls continue. */
  | { type: 'pause'; reason: string }
  | { type: 'resume' }
  /** The runner takes no new work. Its calls get `shutdownTimeout` to end. */
  | { type: 'drain-runner'; runner: string; reason: string }
  /** The pool takes no more calls. Its calls get `shutdownTimeout`, counted from `since`. */
  | { type: 'drain'; reason: string; since: number }
  /**
   * The time `machine.nextDeadline` has passed. With `debugged`, a debugger has paused the parent or one of the runners, so the limits of calls
   * and boots do not count.
   */
  | { type: 'tick'; debugged?: boolean };

/** An action that the shell must perform. The shell keeps the order. */
export type PoolAction =
  | { type: 'run'; call: PoolCall; runner: string }
  /** Abort the work of a call on its runner. */
  | { type: 'cancel'; call: PoolCall; runner: string; cause: CancelCause; reason: string }
  /** Answer the caller with an error. If the call streams, fail its streams. */
  | { type: 'reject'; call: PoolCall; error: FlameError }
  /** Boot a machine. The pool then has `count` runners. */
  | { type: 'boot'; runner: string; count: number }
  /** The boot took too long: destroy its machine, then report `boot-failed` and `gone`. */
  | { type: 'give-up'; runner: string; why: string }
  /** A boot has ended: call the app's hook. */
  | { type: 'grown'; runner: string; error: BootError | undefined; count: number }
  /** Ask the runner whether it may stop. */
  | { type: 'ask'; runner: string }
  /** Stop a runner that has no work. Kill it after `grace`. Then report `gone`. */
  | { type: 'stop'; runner: string; reason: string; grace: number }
  /** Tell a runner that it gets no new work. `stop` follows when its work is done. */
  | { type: 'retire'; runner: string; reason: string }
  /** A handler has ignored its abort, so its runner leaves: `what` says which one. */
  | { type: 'ignored-abort'; runner: string; what: string }
  /** Make sure that nothing is left of a lost runner, then report `gone`. */
  | { type: 'dispose'; runner: string }
  | { type: 'shrunk'; runner: string; count: number }
  /** `min` runners are ready, or a boot has failed. */
  | { type: 'started'; error: BootError | undefined }
  /** A drained pool has nothing left. */
  | { type: 'drained' };
