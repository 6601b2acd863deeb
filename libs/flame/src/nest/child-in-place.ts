import { FlameError } from '../core/flame-error.js';
import type { ChildExit } from '../parent/child-call.js';
import type { CallOptions } from '../parent/pending-call.js';
import type { PlacedChild } from '../parent/placed-child.js';
import { ChildWork, MethodWork } from '../runner/child-work.js';
import { FlameCall, runAs } from '../runner/flame-call.js';
import type { Workplace } from '../runner/work.js';
import { SystemClock } from '../wire/system-clock.js';
import { FlameParent } from './flame-parent.js';
import { nestLog } from './nest-log.js';
import type { PlaceableClass } from './placeable-class.js';

/** A child as `RemoteChild` shows it, wherever it lives. */
export type AnyChild = Pick<PlacedChild, 'exited' | 'call' | 'stop'>;

/**
 * A child made where it was asked for, because that is on a runner already. It has the hooks and the end of any other, but no slot, and its arguments do
 * not cross. Linked, it also ends with the call that placed it when that is aborted.
 */
export async function placeHere(type: PlaceableClass, pool: string, args: unknown, options: CallOptions): Promise<AnyChild> {
  const clock = new SystemClock();
  const workplace: Workplace = {
    pool,
    runnerId: FlameCall.current()?.runnerId ?? FlameParent.get()?.runner ?? 'here',
    now: () => clock.now(),
    name: () => type.name,
    progress: () => {},
  };
  const order = {
    kind: 'call',
    id: 0,
    handler: 0,
    args: new Uint8Array(0),
    timeout: 0,
    linked: options.linked ?? true,
    attempt: 1,
  } as const;
  const child = new ChildWork(workplace, { ...order, mode: 'child' }, Infinity, type);
  const signals = child.linked ? [options.signal, FlameCall.current()?.signal].filter((signal) => signal !== undefined) : [];
  for (const signal of signals) signal.throwIfAborted();
  await runAs(new FlameCall(child), () => child.run(undefined, [args]));
  let how: ChildExit['how'] = 'cancelled';
  const exited = new Promise<ChildExit>((resolve) => {
    child.whenAborted((_, reason) => {
      const { message } = reason as FlameError;
      void child
        .finish(reason as FlameError, clock, (text) => nestLog.warn(text))
        .then(() => {
          for (const signal of signals) signal.removeEventListener('abort', left);
          resolve({ how: child.byItself ? 'ended' : how, reason: message });
        });
    });
  });
  const end = (reason: string): void => child.abort(new FlameError('FLAME_CANCELLED', reason, { ran: 'maybe' }));
  const left = (): void => end('its caller left');
  for (const signal of signals) signal.addEventListener('abort', left, { once: true });
  return {
    exited,
    async call(method, methodArgs) {
      if (!child.lives)
        throw new FlameError('FLAME_LOST', `${type.label}.${method} was not run: its child has ended (${(await exited).reason})`);
      const work = new MethodWork(workplace, { ...order, mode: 'call', method }, Infinity, child);
      try {
        return await runAs(new FlameCall(work), () => work.run(undefined, methodArgs));
      } finally {
        work.over();
      }
    },
    stop(reason) {
      if (!child.aborted) how = 'stopped';
      end(reason);
      return exited;
    },
  };
}
