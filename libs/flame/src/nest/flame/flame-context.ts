import type { ArgumentsHost } from '@nestjs/common';
import { FlameError } from '../../core/errors/flame-error.js';
import { FlameCall } from '../../runner/executor/flame-call.js';

/**
 * A call, for guards, interceptors and filters on a runner, where `context.getType()` is `'flame'`. `context.getClass()` and `getHandler()`
 * lead to the method's metadata, as everywhere in Nest.
 */
export class FlameContext {
  private constructor(
    /** The method's arguments. */
    readonly args: readonly unknown[],
    /** The call: its id, pool, signal and deadline. */
    readonly call: FlameCall,
  ) {}

  /** @throws {FlameError} FLAME_CONFIG for the context of anything but a call on a runner. */
  static create(context: ArgumentsHost): FlameContext {
    const type = context.getType<string>();
    const call = FlameCall.current();
    if (type === 'flame' && call) return new FlameContext(context.getArgs(), call);
    throw new FlameError(
      'FLAME_CONFIG',
      `FlameContext.create() was given a context of type '${type}'. Call it only if (context.getType() === 'flame').`,
    );
  }
}
