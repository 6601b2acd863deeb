import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { FlameError } from '../../core/errors/flame-error.js';
import { needRunnerProcess } from './runner-process.js';

/** Options of the runner's Nest application context. */
export type FlameRunnerOptions = NonNullable<Parameters<typeof NestFactory.createApplicationContext>[1]>;

/** Starts a runner without an HTTP adapter, which is not even loaded. */
export class FlameRunner {
  /**
   * Boots the app as an application context, attaches it to the parent and serves its calls. The process ends when the parent ends it or is
   * gone, or on a signal, after its running calls.
   *
   * Resolves when attached. Unlike code after `createApplicationContext()` or `app.listen()`, code after this runs in runners.
   *
   * @throws {FlameError} FLAME_CONFIG in a process that no pool has booted, and when the module imports no FlameModule.
   */
  static async start(AppModule: Type, options: FlameRunnerOptions = {}): Promise<INestApplicationContext> {
    const runner = needRunnerProcess('FlameRunner.start()');
    // In a runner this settles when it fails, or when there is no FlameModule that keeps it pending.
    const settled = NestFactory.createApplicationContext(AppModule, options).then(() => {
      throw new FlameError(
        'FLAME_CONFIG',
        `FlameRunner.start(): ${AppModule.name} does not import FlameModule. Pass the module that the parent starts.`,
      );
    });
    return Promise.race([settled, runner.attached]);
  }
}
