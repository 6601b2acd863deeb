import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { needRunnerProcess } from './runner-process.js';

/** Options of the Nest application context that a runner is. */
export type FlameRunnerOptions = NonNullable<Parameters<typeof NestFactory.createApplicationContext>[1]>;

/** The lean way to be a runner: without an HTTP adapter, which need not even be loaded. */
export class FlameRunner {
  /**
   * Boots the app as an application context, attaches it to the parent and serves its calls; resolves when attached. The process ends
   * when the parent says so, when it is gone, or on a signal, after the running work.
   *
   * @throws {FlameError} FLAME_CONFIG in a process that no pool has booted.
   */
  static async start(AppModule: Type, options: FlameRunnerOptions = {}): Promise<INestApplicationContext> {
    const runner = needRunnerProcess('FlameRunner.start()');
    const app = await NestFactory.createApplicationContext(AppModule, options);
    await runner.attached;
    return app;
  }
}
