import type { CallTracer } from '../../core/call/call-tracer.js';
import type { Clock } from '../../core/clock.js';
import type { Codec } from '../../core/codec/codec.js';
import type { ContextCarrier } from '../../core/call/context-carrier.js';
import type { FlameLog } from '../../core/flame-log.js';
import type { ParentInfo } from '../../core/parent-info.js';
import type { Link, LinkEnd } from '../../transport/session/link.js';
import type { HandlerTable } from './handler-table.js';
import type { Watchdog } from '../watchdog/watchdog.js';

/** Called when the first call begins to run, and when the last one has ended. */
export interface BusyWatcher {
  busy(running: boolean): void;
}

/** Dependencies of an `Executor`. */
export interface ExecutorSetup {
  readonly link: Link;
  readonly table: HandlerTable;
  readonly codec: Codec;
  readonly info: Pick<ParentInfo, 'pool' | 'runner' | 'trackResources'>;
  /** The name of the other end in errors. @default the parent of the pool */
  readonly peer?: string;
  readonly clock: Clock;
  readonly log: FlameLog;
  /** FlameModule's `context` option. */
  readonly context?: ContextCarrier;
  /** Traces the calls; undefined if tracing is not installed. */
  readonly tracer?: CallTracer;
  /** The app's own check, which says whether an idle runner may stop. */
  readonly idleCheck?: () => boolean | Promise<boolean>;
  /** Called when the parent orders this runner to leave within `grace` milliseconds. */
  readonly onLeave: (grace: number, reason: string) => void;
  /** Called when the parent probes this runner. */
  readonly onProbe?: () => void;
  /** Called when the session is over. */
  readonly onEnd: (end: LinkEnd) => void;
  /** Kills this process when a handler blocks its event loop past its deadline; undefined if runners share the parent's process. */
  readonly watchdog?: Pick<Watchdog, 'busy' | 'deadline'>;
  /** Keeps this process awake between short calls; undefined if runners share the parent's process. */
  readonly stayAwake?: BusyWatcher | undefined;
}
