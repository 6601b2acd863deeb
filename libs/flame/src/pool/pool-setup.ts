import type { FlameBackend, LocalMachine } from '../backends/backend.js';
import type { AbortListeners } from '../core/call/abort-listeners.js';
import type { CallTracer } from '../core/call/call-tracer.js';
import type { Clock } from '../core/clock.js';
import type { Codec } from '../core/codec/codec.js';
import type { ContextCarrier } from '../core/call/context-carrier.js';
import type { FlameLog } from '../core/flame-log.js';
import type { Manifest } from '../core/manifest.js';
import type { ParentInfo } from '../core/parent-info.js';
import type { PoolConfig } from '../core/options/pool-config.js';
import type { AttachServer, ParentAddress, ExpectedRunner } from '../transport/session/link.js';
import type { Caller } from './calls/caller.js';

/** The parts of a pool. */
export interface PoolSetup {
  readonly config: PoolConfig;
  readonly backend: FlameBackend;
  /** The server to which this pool's runners attach. */
  readonly attachServer: AttachServer;
  /**
   * Returns the address to which runners attach. If the backend knows the parent's name for runners, `host` is this name. With `tunnel`, as in
   * `BootRequest.flameParent`, it is the address that this returns.
   */
  readonly address: (host?: string, tunnel?: (port: number) => Promise<string>) => Promise<ParentAddress>;
  readonly manifest: Manifest;
  /** The names of the variables that an inline function captures, which are its first arguments; undefined for another handler. */
  readonly captures?: (handler: number) => readonly string[] | undefined;
  /** As in `ExpectedRunner`. */
  readonly refusal?: ExpectedRunner['refusal'];
  readonly codec: Codec;
  readonly log: FlameLog;
  readonly clock: Clock;
  /** Listens to the callers' signals. All pools of the app share it. */
  readonly listeners: AbortListeners;
  readonly random?: () => number;
  /** Distinguishes this parent from others on the platform. It is short, because it is part of the runners' names. */
  readonly parent: string;
  /** The largest value that may cross, in bytes. */
  readonly maxPayload: number;
  readonly reconnectTimeout: number;
  /** For LocalBackend: runs a runner in this process, over an in-memory link. */
  readonly inProcess: (info: ParentInfo) => Promise<LocalMachine>;
  /** Gets the output of a machine, line by line. */
  readonly output: (line: string, stream: 'stdout' | 'stderr', pool: string, runner: string) => void;
  /** Gets a line of a runner's own logger; `time` is when it was logged, in milliseconds since 1970. */
  readonly runnerLog: (level: string, text: string, pool: string, runner: string, call: number, time?: number) => void;
  /** Called when a cast fails after a runner has accepted it, because its caller no longer awaits it. */
  readonly onCastError: (error: unknown, handler: string) => void;
  /** Called when the pool stops taking calls. */
  readonly onDraining?: () => void;
  /** Records calls; undefined without the option `tracing`. */
  readonly tracer?: CallTracer;
  /** Carries contexts with calls. */
  readonly context?: ContextCarrier;
  /** Returns the HTTP request for which a linked call is being made; undefined outside of requests. Absent without `linkToRequest`. */
  readonly caller?: () => Caller | undefined;
}
