import type { LocalMachine, MachineExit } from '../../backends/backend.js';
import type { CallTracer } from '../../core/call/call-tracer.js';
import type { Codec } from '../../core/codec/codec.js';
import type { Clock } from '../../core/clock.js';
import type { ContextCarrier } from '../../core/call/context-carrier.js';
import type { FlameLog } from '../../core/flame-log.js';
import type { ParentInfo } from '../../core/parent-info.js';
import type { LinkEnd } from '../../transport/session/link.js';
import type { MemoryLink } from '../../transport/session/memory-link.js';
import { Executor } from '../executor/executor.js';
import type { HandlerTable } from '../executor/handler-table.js';

/** Dependencies of a local runner. */
export interface LocalRunnerSetup {
  readonly info: ParentInfo;
  /** The runner's end of an in-memory link. */
  readonly link: MemoryLink;
  readonly table: HandlerTable;
  readonly codec: Codec;
  readonly clock: Clock;
  readonly log: FlameLog;
  readonly idleCheck?: () => boolean | Promise<boolean>;
  readonly context?: ContextCarrier;
  readonly tracer?: CallTracer;
}

/**
 * Serves calls in the parent's own process, on the parent's own container: the machine of LocalBackend. Unlike a process, it cannot be
 * killed while a handler blocks the event loop, because that is the parent's event loop.
 */
export function startLocalRunner(setup: LocalRunnerSetup): LocalMachine {
  const { info, link } = setup;
  let exit!: (exit: MachineExit) => void;
  const exited = new Promise<MachineExit>((resolve) => (exit = resolve));
  let ending: Promise<void> | undefined;
  const end = (grace: number, reason: string): Promise<void> =>
    (ending ??= (async () => {
      await executor.drain(grace, reason);
      await link.close(reason);
      exit({ how: 'stopped', text: reason });
    })());
  const executor: Executor = new Executor({
    ...setup,
    onLeave: (grace: number, reason: string) => void end(grace, reason),
    onEnd: (linkEnd: LinkEnd) => {
      executor.abortLinked(`the parent is gone: ${linkEnd.reason}`);
      void end(info.shutdownTimeout, linkEnd.reason);
    },
  });
  link.open(executor);
  return {
    id: `local:${info.runner}`,
    exited,
    stop: (grace) => end(grace, 'it was stopped'),
    cut: () => link.cut(),
    restore: () => link.restore(),
  };
}
