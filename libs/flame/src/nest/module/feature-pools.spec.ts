import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PdfModule, PdfService } from '../../../../../test/apps/src/features/pdf.module.js';
import { failure } from '../../../../../test/support/failure.js';
import { startApp } from '../../../../../test/support/nest-app.js';
import { DockerBackend } from '../../backends/docker/docker-backend.js';
import { FlameTestingModule } from '../../testing/flame-testing.module.js';
import { InjectPool } from '../decorator/inject-pool.decorator.js';
import { FlamePool } from '../flame/flame-pool.js';
import { Flame } from '../flame/flame.service.js';
import { FlameModule } from './flame.module.js';

const shared = FlameModule.forFeature([{ name: 'doc', max: 2 }]);

const root = FlameModule.forRoot([{ name: 'work', max: 1 }]);

describe('FlameModule.forFeature', () => {
  it('adds a pool that handlers run on and that is injected in the feature module', async () => {
    const app = await startApp({ imports: [root, PdfModule] });
    const service = app.get(PdfService, { strict: false });
    expect(await service.print('A')).toMatch(/printed on pdf-/);
    expect([service.pool.stats().name, service.pool.stats().max]).toEqual(['pdf', 4]);
    expect(app.get(Flame).pool('pdf').name).toBe('pdf');
  });

  it('adds a pool once if several modules import the same dynamic module', async () => {
    @Module({ imports: [shared] })
    class One {
      constructor(@InjectPool('doc') readonly pool: FlamePool) {}
    }
    @Module({ imports: [shared] })
    class Other {
      constructor(@InjectPool('doc') readonly pool: FlamePool) {}
    }
    const app = await startApp({ imports: [root, One, Other] });
    expect(app.get(One).pool).toBe(app.get(Other).pool);
    expect(app.get(One).pool.stats().max).toBe(2);
  });

  it('takes pools from a factory', async () => {
    @Module({
      imports: [FlameModule.forFeatureAsync({ names: ['pdf'], useFactory: async () => [{ name: 'pdf', max: 7 }] })],
      providers: [PdfService],
    })
    class AsyncModule {}
    const app = await startApp({ imports: [root, AsyncModule] });
    expect(app.get(PdfService, { strict: false }).pool.stats().max).toBe(7);
  });

  it('refuses a factory whose pools are not those of names', async () => {
    const feature = FlameModule.forFeatureAsync({ names: ['pdf'], useFactory: () => [{ name: 'doc', max: 1 }] });
    expect(await failure(startApp({ imports: [root, feature] }))).toMatchObject({
      code: 'FLAME_CONFIG',
      message: expect.stringContaining('FlameModule.forFeatureAsync names has "pdf", but useFactory returns no such pool'),
    });
  });

  it('refuses bad options with their path', () => {
    expect(() => FlameModule.forFeature([{ name: 'pdf', max: 0 }])).toThrow('FlameModule.forFeature pools[0].max');
  });

  it('refuses a name that another pool has', async () => {
    const again = FlameModule.forFeature([{ name: 'work', max: 1 }]);
    expect(await failure(startApp({ imports: [root, again] }))).toMatchObject({
      code: 'FLAME_CONFIG',
      message: expect.stringContaining('FlameModule.forFeature pools[0].name is "work", as is that of another pool of the app'),
    });
  });

  it('names FlameModule.forRoot when the app has none', async () => {
    expect(await failure(startApp({ imports: [PdfModule] }))).toMatchObject({
      code: 'FLAME_CONFIG',
      message: expect.stringContaining('this app has no FlameModule.forRoot'),
    });
  });

  it("uses the testing module's backend in place of its pools' own", async () => {
    const docker = FlameModule.forFeature([{ name: 'pdf', max: 1, backend: new DockerBackend({ image: 'none' }) }]);
    @Module({ imports: [docker], providers: [PdfService] })
    class Feature {}
    const app = await startApp({ imports: [FlameTestingModule.forRoot([]), Feature] });
    expect(await app.get(PdfService, { strict: false }).print('A')).toMatch(/printed on pdf-/);
  });

  it('is replaced together with FlameModule in a test', async () => {
    @Module({ providers: [{ provide: 'FlamePool:pdf', useValue: 'a stand-in' }], exports: ['FlamePool:pdf'] })
    class NoPools {}
    const module = await Test.createTestingModule({ imports: [root, PdfModule] })
      .overrideModule(FlameModule)
      .useModule(NoPools)
      .compile();
    onTestFinished(() => module.close());
    const service = module.get(PdfService, { strict: false });
    expect([await service.print('A'), service.pool]).toEqual(['A, printed on no runner', 'a stand-in']);
  });
});
