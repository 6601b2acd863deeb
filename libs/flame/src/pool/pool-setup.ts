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

/** The parts that a pool is given. */
export interface PoolSetup {
  readonly config: PoolConfig;
  readonly backend: FlameBackend;
  /** Where this pool's runners attach. */
  readonly door: AttachServer;
  /** The address where runners attach; with `host` in it, if the backend knows by which name runners reach the parent. */
  readonly address: (host?: string) => Promise<ParentAddress>;
  readonly manifest: Manifest;
  /** As in `Ticket`. */
  readonly refusal?: ExpectedRunner['refusal'];
  readonly codec: Codec;
  readonly log: FlameLog;
  readonly clock: Clock;
  /** Listens to the callers' signals. All pools share it. */
  readonly listeners: AbortListeners;
  readonly random?: () => number;
  /** Names this parent among others on the platform. It is part of the runners' names, so it is short. */
  readonly parent: string;
  /** The largest value that may cross, in bytes. */
  readonly maxPayload: number;
  readonly reconnectTimeout: number;
  /** Runs a runner in this process, on an in-memory link: for LocalBackend. */
  readonly inProcess: (info: ParentInfo) => Promise<LocalMachine>;
  /** The machine's output, line by line. */
  readonly output: (line: string, stream: 'stdout' | 'stderr', pool: string, runner: string) => void;
  /** A line of a runner's own logger; `time` is when it was logged, in milliseconds since 1970. */
  readonly runnerLog: (level: string, text: string, pool: string, runner: string, call: number, time?: number) => void;
  /** Called when a cast fails after it was accepted: its caller no longer awaits it. */
  readonly onCastError: (error: unknown, handler: string) => void;
  /** The pool takes no more calls. */
  readonly onDraining?: () => void;
  /** Records calls; undefined without the option `tracing`. */
  readonly tracer?: CallTracer;
  /** Lets contexts travel with calls. */
  readonly context?: ContextCarrier;
  /** The HTTP request that a linked call made now is for; undefined outside of requests, and left out without `linkToRequest`. */
  readonly caller?: () => Caller | undefined;
}
