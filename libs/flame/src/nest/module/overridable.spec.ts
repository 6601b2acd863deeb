import { forwardRef, Injectable, Module } from '@nestjs/common';
import type { DynamicModule, ModuleMetadata, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ProcessBackend } from '../../backends/process/process-backend.js';
import { FlameMetricsModule } from '../../metrics/flame-metrics.module.js';
import { FlameDashboardModule } from '../../dashboard/flame-dashboard.module.js';
import { FlameRpcModule } from '../../rpc/flame-rpc.module.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { FlameFaults } from '../../testing/flame-faults.js';
import { FlameTestingModule } from '../../testing/flame-testing.module.js';
import { FlameModule } from './flame.module.js';
import type { FlamePool } from '../flame/flame-pool.js';
import { getPoolToken } from '../decorator/inject-pool.decorator.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';

const math = [{ name: 'math', max: 7 }];
const real = { backend: new ProcessBackend({ entry: 'dist/no-such-file.js' }) };

@Injectable()
class Sums {
  /** Whether it ran as a call of a pool. */
  @OnFlame('math')
  async onPool(): Promise<boolean> {
    return FlameCall.current() !== undefined;
  }
}

type Import = NonNullable<ModuleMetadata['imports']>[number];

function appOf(...imports: Import[]): Type {
  class AppModule {}
  Module({ imports, providers: [Sums] })(AppModule);
  return AppModule;
}

function wrapped(...imports: Import[]): Type {
  class Wrapper {}
  Module({ imports })(Wrapper);
  return Wrapper;
}

async function overridden(app: Type, by: unknown): Promise<TestingModule> {
  const module = await Test.createTestingModule({ imports: [app] })
    .overrideModule(FlameModule)
    .useModule(by as Type)
    .compile();
  onTestFinished(() => module.close());
  return module.init();
}

const max = (module: TestingModule): number => module.get<FlamePool>(getPoolToken('math')).stats().max;
const local = (most: number): DynamicModule => FlameModule.forRoot([{ name: 'math', max: most }]);

describe('overrideModule(FlameModule)', () => {
  it.each<[string, () => Import[]]>([
    ['forRoot', () => [FlameModule.forRoot(math, real)]],
    ['forRootAsync', () => [FlameModule.forRootAsync({ names: ['math'], useFactory: () => ({ pools: math, ...real }) })]],
    ['a module that imports it', () => [wrapped(FlameModule.forRoot(math, real))]],
    ['a forward reference', () => [FlameModule.forRoot(math, real)].map((flame) => forwardRef(() => flame))],
    ['a promise of it', () => [Promise.resolve(FlameModule.forRoot(math, real))]],
    ['it by way of two modules', () => [FlameModule.forRoot(math, real)].flatMap((flame) => [wrapped(flame), wrapped(flame)])],
  ])('replaces the module in an app that imports %s', async (_, imports) => {
    const module = await overridden(appOf(...imports()), FlameTestingModule.forRoot(math));
    expect(await module.get(Sums).onPool()).toBe(true);
    expect(module.get(FlameFaults).runners).toHaveLength(1);
  });

  it.each<[string, () => unknown]>([
    ['another forRoot', () => local(3)],
    ['a promise of it', () => Promise.resolve(local(3))],
    ['a forward reference to it', () => forwardRef(() => local(3))],
    ['a module that imports FlameModule', () => wrapped(local(3))],
    ['a module below which FlameModule is imported', () => wrapped(wrapped(local(3)))],
    ['a promise of such a module', () => Promise.resolve({ module: wrapped(local(3)) })],
  ])('replaces it by %s', async (_, by) => {
    const module = await overridden(appOf(FlameModule.forRoot(math, real)), by());
    expect(max(module)).toBe(3);
    expect(await module.get(Sums).onPool()).toBe(true);
  });

  it('replaces it in each app of a process, and only if a test asks for it', async () => {
    const app = appOf(local(7));
    expect(max(await overridden(app, local(3)))).toBe(3);
    const other = await Test.createTestingModule({ imports: [app] }).compile();
    onTestFinished(() => other.close());
    expect(max(await other.init())).toBe(7);
    expect(max(await overridden(app, local(4)))).toBe(4);
  });

  it('runs decorated methods directly if no other FlameModule replaces it', async () => {
    const module = await overridden(appOf(FlameModule.forRoot(math, real)), wrapped());
    expect(await module.get(Sums).onPool()).toBe(false);
  });
});

describe('overrideModule of the other modules', () => {
  class Nothing {}
  Module({})(Nothing);

  it.each<[string, Type, () => DynamicModule]>([
    ['FlameRpcModule', FlameRpcModule, () => FlameRpcModule.forRoot()],
    ['FlameDashboardModule', FlameDashboardModule, () => FlameDashboardModule.forRoot()],
    ['FlameDashboardModule.forRootAsync', FlameDashboardModule, () => FlameDashboardModule.forRootAsync({ useFactory: () => ({}) })],
    ['FlameMetricsModule', FlameMetricsModule, () => FlameMetricsModule.forRoot()],
  ])('replaces %s', async (_, type, imported) => {
    const module = await Test.createTestingModule({ imports: [appOf(local(1), imported())] })
      .overrideModule(type)
      .useModule(Nothing)
      .compile();
    onTestFinished(() => module.close());
    expect(module.get(Nothing, { strict: false })).toBeInstanceOf(Nothing);
    expect(() => module.get(type, { strict: false })).toThrow('does not exist in the current context');
  });
});
