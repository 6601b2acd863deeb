import { ContextIdFactory } from '@nestjs/core';
import type { ContextId, ModuleRef } from '@nestjs/core';
import { FlameCall } from '../../runner/executor/flame-call.js';

/**
 * The context in which Nest makes what a call needs, as for a request, in whose place the call stands: the app's `ContextIdStrategy` is asked, in the
 * context that came with the call, so that durable providers are made once for each of its parents. Its payload is the `REQUEST` of a tree that is
 * durable as a whole, and is added to the call for others.
 */
export function callContext(moduleRef: ModuleRef, durable: boolean): ContextId {
  const call = FlameCall.current();
  const context = ContextIdFactory.getByRequest(call as unknown as Record<string, string>);
  const { getParent, payload } = context as { getParent?: unknown; payload?: unknown };
  const request = durable && getParent !== undefined ? payload : call && Object.assign(call, payload);
  moduleRef.registerRequestByContextId(request, context);
  return context;
}
