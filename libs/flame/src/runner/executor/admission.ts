import type { FlameError } from '../../core/errors/flame-error.js';
import type { Frame } from '../../core/session/frame.js';
import { ActiveChild, ActiveMethod } from './active-child.js';
import type { HandlerTable } from './handler-table.js';
import * as errors from './runner-errors.js';
import { ActiveCall } from './active-call.js';
import type { CallHost } from './active-call.js';
import type { ActiveCalls } from './active-calls.js';

type CallFrame = Frame & { type: 'call' };

/**
 * Creates the call for a frame, with the deadline `at`, or the error that refuses it. If there is a reason for `leaving`, new calls are
 * refused.
 */
export function admit(
  frame: CallFrame,
  at: number,
  host: CallHost,
  calls: ActiveCalls,
  table: HandlerTable,
  leaving: string,
): ActiveCall | FlameError {
  // Methods of a child can be called until the child ends, also on a runner that is leaving.
  if (frame.child !== undefined) return admitMethod(frame, at, host, calls.get(frame.child));
  if (leaving) return errors.leaving(leaving);
  if (frame.mode !== 'child')
    return new ActiveCall(host, frame.id, frame.handler, frame.mode, frame.linked, frame.attempt, at, frame.trace, frame.tracks);
  const type = table.child(frame.handler);
  return type ? new ActiveChild(host, frame, at, type) : errors.noChildClass(table.name(frame.handler));
}

function admitMethod(frame: CallFrame, at: number, host: CallHost, child: ActiveCall | undefined): ActiveCall | FlameError {
  const { method = '' } = frame;
  if (!(child instanceof ActiveChild) || !child.lives) return errors.noSuchChild(method);
  return child.type.methods.has(method) ? new ActiveMethod(host, frame, at, child) : errors.noChildMethod(child.type.label, method);
}
