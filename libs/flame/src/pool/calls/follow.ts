import type { AbortListeners } from '../../core/call/abort-listeners.js';
import type { CallScope } from '../../core/call/call-scope.js';
import type { PoolFact } from '../../core/pool/facts.js';
import type { Caller } from './caller.js';
import { reasonOf } from './call-errors.js';
import { ChildCall } from '../children/child-call.js';
import type { PendingCall } from './pending-call.js';

/** Ends the call when its signal aborts or its caller is gone, as long as its scope is open. */
export function follow(
  call: PendingCall,
  scope: CallScope,
  { signal, caller, listeners }: { signal: AbortSignal | undefined; caller: Caller | undefined; listeners: AbortListeners },
  dispatch: (fact: PoolFact) => void,
): void {
  const end = (reason: string): void => {
    dispatch({ type: 'abort', call, reason });
    // The caller never gets the child, so the child ends even if it is not linked.
    if (call instanceof ChildCall) dispatch({ type: 'abandoned', call, reason });
  };
  const letSignalGo = signal && listeners.follow(signal, () => end(reasonOf(signal)));
  const letCallerGo = caller?.follow(end);
  scope.onRelease(letSignalGo);
  scope.onRelease(letCallerGo);
  // The scopes of casts and children stay open after the answer.
  if (call.setup.mode === 'call') return;
  call.whenAnswered(() => {
    // After a cast is accepted, no request waits for it.
    if (call.setup.mode === 'cast') letCallerGo?.();
    if (!call.linked) letSignalGo?.();
  });
}
