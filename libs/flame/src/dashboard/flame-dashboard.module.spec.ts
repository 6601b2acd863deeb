import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { startApp } from '../../../../test/support/nest-app.js';
import { FlameModule } from '../nest/module/flame.module.js';
import type { FlameDashboardOptions } from './dashboard-options.js';
import { FlameDashboardModule } from './flame-dashboard.module.js';
import type { FlameDashboardOptionsFactory } from './flame-dashboard.module.js';

const pools = FlameModule.forRoot([{ name: 'work', max: 1 }]);
const { NODE_ENV } = process.env;

describe('FlameDashboardModule', () => {
  afterEach(() => void (process.env['NODE_ENV'] = NODE_ENV));

  it('fails with an error that names FlameModule if that is missing', async () => {
    await expect(startApp({ imports: [FlameDashboardModule.forRoot()] })).rejects.toThrow(
      /has no pools to show, because FlameModule is not imported/,
    );
  });

  it('refuses to start in production without auth', async () => {
    process.env['NODE_ENV'] = 'production';
    expect(() => FlameDashboardModule.forRoot()).toThrow(/FlameDashboardModule\.forRoot\.auth is missing/);
    await expect(startApp({ imports: [pools, FlameDashboardModule.forRootAsync({ useFactory: async () => ({}) })] })).rejects.toThrow(
      /forRootAsync useFactory\(\)\.auth is missing/,
    );
  });

  it('gets its options from a class', async () => {
    class Settings implements FlameDashboardOptionsFactory {
      createFlameDashboardOptions(): FlameDashboardOptions {
        return { path: 'no slash' };
      }
    }
    await expect(startApp({ imports: [pools, FlameDashboardModule.forRootAsync({ useClass: Settings })] })).rejects.toThrow(
      'FlameDashboardModule.forRootAsync useClass.createFlameDashboardOptions().path',
    );
  });

  it('starts in production with auth', async () => {
    process.env['NODE_ENV'] = 'production';
    await startApp({ imports: [pools, FlameDashboardModule.forRoot({ auth: { user: 'ops', password: 'secret' } })] });
  });

  it('logs the address of the page when the app listens', async () => {
    const module = await Test.createTestingModule({ imports: [pools, FlameDashboardModule.forRoot()] }).compile();
    const app = module.createNestApplication();
    onTestFinished(() => app.close());
    app.setGlobalPrefix('api');
    const told: unknown[] = [];
    app.useLogger({ log: (text: unknown) => told.push(text), warn: () => {}, error: () => {} });
    await app.listen(0, '127.0.0.1');
    const where = told.filter((text) => String(text).startsWith('dashboard: '));
    expect(where).toEqual([`dashboard: ${await app.getUrl()}/api/flame`]);
  });

  it('lets an app close that never listened', async () => {
    const app = await Test.createTestingModule({ imports: [pools, FlameDashboardModule.forRoot()] }).compile();
    await app.close();
  });
});
