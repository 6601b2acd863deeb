import 'reflect-metadata';
import type { LoggerService, ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule, TestingModuleBuilder } from '@nestjs/testing';
import { onTestFinished } from 'vitest';

/** What the apps of this file have logged, as `level context: message`. */
export const logged: string[] = [];

/** Makes a Nest app of `metadata`, initialises it, and closes it when the test is over, if the test has not. */
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
