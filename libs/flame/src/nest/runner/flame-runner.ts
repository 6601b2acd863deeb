import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { FlameError } from '../../core/errors/flame-error.js';
import { needRunnerProcess } from './runner-process.js';

/** Options of the Nest application context that a runner is. */
export type FlameRunnerOptions = NonNullable<Parameters<typeof NestFactory.createApplicationContext>[1]>;

/** The lean way to be a runner: without an HTTP adapter, which need not even be loaded. */
export class FlameRunner {
  /**
   * Boots the app as an application context, attaches it to the parent and serves its calls. The process ends when the parent says so,
   * when it is gone, or on a signal, after the running work.
   *
   * Resolves when attached: unlike code after `createApplicationContext()` or `app.listen()`, code after this is meant for runners, and runs.
   *
   * @throws {FlameError} FLAME_CONFIG in a process that no pool has booted, and when the module imports no FlameModule.
   */
  static async start(AppModule: Type, options: FlameRunnerOptions = {}): Promise<INestApplicationContext> {
    const runner = needRunnerProcess('FlameRunner.start()');
    // In a runner this settles when it fails, or when there is no FlameModule that keeps it pending.
    const settled = NestFactory.createApplicationContext(AppModule, options).then(() => {
      throw new FlameError(
        'FLAME_CONFIG',
        `FlameRunner.start(): ${AppModule.name} imports no FlameModule. Give it the module that its parent starts.`,
      );
    });
    return Promise.race([settled, runner.attached]);
  }
}
