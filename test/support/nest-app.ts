import 'reflect-metadata';
import type { LoggerService, ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule, TestingModuleBuilder } from '@nestjs/testing';
import { onTestFinished } from 'vitest';

/** The log lines of the apps of this file, as `level context: message`. */
export const logged: string[] = [];

/** Creates and initialises a Nest app from `metadata`. It is closed at the end of the test, if the test has not closed it. */
export async function startApp(
  metadata: ModuleMetadata,
  override: (builder: TestingModuleBuilder) => void = () => {},
): Promise<TestingModule> {
  const builder = Test.createTestingModule(metadata).setLogger(keepingLogger());
  override(builder);
  const app = await builder.compile();
  let closed: Promise<void> | undefined;
  const close = app.close.bind(app);
  app.close = (): Promise<void> => (closed ??= close());
  onTestFinished(() => app.close());
  return app.init();
}

function keepingLogger(): LoggerService {
  logged.length = 0;
  const keep =
    (level: string) =>
    (message: unknown, ...more: unknown[]): void =>
      void logged.push(`${level} ${String(more.at(-1))}: ${String(message)}`);
  return { log: keep('log'), warn: keep('warn'), error: keep('error'), debug: keep('debug') };
}
