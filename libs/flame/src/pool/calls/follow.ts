import type { AbortListeners } from '../../core/call/abort-listeners.js';
import type { PoolFact } from '../../core/pool/facts.js';
import type { Caller } from './caller.js';
import { reasonOf } from './call-errors.js';
import { ChildCall } from '../children/child-call.js';
import type { PendingCall } from './pending-call.js';

/** Ends the call when its signal aborts, or when its caller goes. */
export function follow(
  call: PendingCall,
  { signal, caller, listeners }: { signal: AbortSignal | undefined; caller: Caller | undefined; listeners: AbortListeners },
  tell: (fact: PoolFact) => void,
): void {
  const end = (reason: string): void => {
    tell({ type: 'abort', call, reason });
    // Nobody will be given the child, linked or not.
    if (call instanceof ChildCall) tell({ type: 'abandoned', call, reason });
  };
  const letSignalGo = signal && listeners.follow(signal, () => end(reasonOf(signal)));
  const letGo = caller?.follow(end);
  const unfollow = (): void => {
    letSignalGo?.();
    letGo?.();
  };
  // A cast that was taken on is still its signal's to abort, but no request waits for it. It may have ended in the same turn.
  const cast = call.order.mode === 'cast' && call.linked;
  if (cast) call.onOver = unfollow;
  const answered = (): void => {
    if (cast) return letGo?.();
    if (call.streaming || (call instanceof ChildCall && call.linked && call.home)) call.onOver = unfollow;
    else unfollow();
  };
  call.whenAnswered(answered);
}
