import type { BootError } from '../errors/boot-error.js';
import type { FlameError } from '../errors/flame-error.js';
import type { CancelCause } from '../session/frame.js';
import type { PoolCall } from './entries.js';

/** What has happened, as the pool's shell tells the machine. A fact about a runner or call that the pool no longer has does nothing. */
export type PoolFact =
  /** The app starts: boot `min`. */
  | { type: 'start' }
  | { type: 'call'; call: PoolCall }
  /** The caller's signal aborted, or the call failed with `error` while its work goes on. */
  | { type: 'abort'; call: PoolCall; reason: string; error?: FlameError }
  /**
   * The caller has its answer, and the slot is not free yet. With `streaming`, the handler still works: its time limit still counts, and
   * the call can still fail. Without, a child or resources stay, without a time limit.
   */
  | { type: 'held'; call: PoolCall; streaming?: boolean }
  /** The caller no longer wants what the call streams or holds: it left the stream, or stopped the child. */
  | { type: 'abandoned'; call: PoolCall; reason: string }
  /** The work is over and its slot free; the caller has its answer, now or earlier. */
  | { type: 'ended'; call: PoolCall }
  /** The runner is leaving and sent the call back without starting it. */
  | { type: 'bounced'; call: PoolCall }
  | { type: 'up'; runner: string }
  | { type: 'boot-failed'; runner: string; error: BootError }
  /** The answer to `ask`. */
  | { type: 'consent'; runner: string; yes: boolean }
  | { type: 'suspended'; runner: string }
  | { type: 'resumed'; runner: string }
  /** The runner takes no new work: it was told to go, or a handler ignored its abort. */
  | { type: 'leaving'; runner: string; reason: string }
  /** The runner is lost, with all that ran on it; `how` says how, for people. */
  | { type: 'down'; runner: string; how: string }
  /** The platform has confirmed that nothing is left of it. */
  | { type: 'gone'; runner: string }
  | { type: 'resize'; min: number; max: number }
  /** Calls wait until `resume`; what runs goes on. */
  | { type: 'pause'; reason: string }
  | { type: 'resume' }
  /** The runner takes no new work, and what it has gets `shutdownTimeout`. */
  | { type: 'drain-runner'; runner: string; reason: string }
  | { type: 'drain'; reason: string }
  /**
   * Time has passed `machine.wakeAt`; with `debugged`, a debugger holds the parent or one of the runners, so that limits of calls and boots
   * do not count.
   */
  | { type: 'tick'; debugged?: boolean };

/** What the machine wants done, in this order. */
export type PoolAction =
  | { type: 'run'; call: PoolCall; runner: string }
  /** Abort the work of a call on its runner. */
  | { type: 'cancel'; call: PoolCall; runner: string; cause: CancelCause; reason: string }
  /** Answer the caller with an error; if it streams, fail its streams. */
  | { type: 'reject'; call: PoolCall; error: FlameError }
  /** Make a machine; `count` runners there will be then. */
  | { type: 'boot'; runner: string; count: number }
  /** The boot took too long: destroy what there is of it, then tell `boot-failed` and `gone`. */
  | { type: 'give-up'; runner: string; why: string }
  /** A boot has ended: the app's hook is told. */
  | { type: 'grown'; runner: string; error: BootError | undefined; count: number }
  /** Ask the runner whether it may stop. */
  | { type: 'ask'; runner: string }
  /** End a runner that has no work: politely, by force after `grace`. Then tell `gone`. */
  | { type: 'stop'; runner: string; reason: string; grace: number }
  /** Tell a runner that it gets no new work; it ends by `stop` when its work is done. */
  | { type: 'retire'; runner: string; reason: string }
  /** Make sure that nothing is left of a lost runner, then tell `gone`. */
  | { type: 'dispose'; runner: string }
  | { type: 'shrunk'; runner: string; count: number }
  /** `min` runners are up, or could not be. */
  | { type: 'started'; error: BootError | undefined }
  /** A drained pool has nothing left. */
  | { type: 'drained' };
