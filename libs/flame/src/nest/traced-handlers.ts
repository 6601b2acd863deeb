import type { CallTracer } from '../core/call-tracer.js';
import { FlameCall } from '../runner/flame-call.js';
import type { HandlerTable } from '../runner/handler-table.js';

/** The handlers, each run of them told to a tracer. */
export function tracedHandlers(table: HandlerTable, tracer: CallTracer): HandlerTable {
  return {
    name: (handler) => table.name(handler),
    child: (handler) => table.child(handler),
    tracks: (handler) => table.tracks(handler),
    invoke: (handler, args) => {
      const call = FlameCall.current();
      const run = { pool: call?.pool ?? '', handler: table.name(handler), runner: call?.runnerId, call: call?.id };
      return tracer.run(run, () => table.invoke(handler, args));
    },
  };
}
