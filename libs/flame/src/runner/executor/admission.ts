import type { FlameError } from '../../core/errors/flame-error.js';
import type { Frame } from '../../core/session/frame.js';
import { ChildWork, MethodWork } from './child-work.js';
import type { HandlerTable } from './handler-table.js';
import * as verdict from './runner-errors.js';
import { ActiveCall } from './active-call.js';
import type { CallHost } from './active-call.js';
import type { ActiveCalls } from './active-calls.js';

type CallFrame = Frame & { type: 'call' };

/** The work that a call asks for, to be done until `at`, or why there will be none. A runner that is `leaving`, for that reason, takes nothing new. */
export function admit(
  frame: CallFrame,
  at: number,
  place: CallHost,
  works: ActiveCalls,
  table: HandlerTable,
  leaving: string,
): ActiveCall | FlameError {
  // A child's methods can be called to its end, on a runner that is leaving, too.
  if (frame.child !== undefined) return admitMethod(frame, at, place, works.get(frame.child));
  if (leaving) return verdict.leaving(leaving);
  if (frame.mode !== 'child')
    return new ActiveCall(place, frame.id, frame.handler, frame.mode, frame.linked, frame.attempt, at, frame.trace);
  const type = table.child(frame.handler);
  return type ? new ChildWork(place, frame, at, type) : verdict.noChildClass(table.name(frame.handler));
}

function admitMethod(frame: CallFrame, at: number, place: CallHost, child: ActiveCall | undefined): ActiveCall | FlameError {
  const { method = '' } = frame;
  if (!(child instanceof ChildWork) || !child.lives) return verdict.noSuchChild(method);
  return child.type.methods.has(method) ? new MethodWork(place, frame, at, child) : verdict.noChildMethod(child.type.label, method);
}
