import type { ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ClsModule } from 'nestjs-cls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { OnFlame } from '../decorator/on-flame.decorator.js';
import { nestLog } from '../log/nest-log.js';
import { FlameModule } from './flame.module.js';
import type { FlameModuleOptions } from './flame-options.js';

const carrier = { capture: () => undefined, run: (_: unknown, next: () => void) => next() };

class Service {
  @OnFlame('p')
  async run(): Promise<void> {}
}

/** The warnings of an app at its start. */
async function warnings(options: FlameModuleOptions, imports: ModuleMetadata['imports'] = []): Promise<string[]> {
  const warn = vi.spyOn(nestLog, 'warn').mockReturnValue();
  const flame = FlameModule.forRoot([{ name: 'p', max: 1 }], options);
  const app = await Test.createTestingModule({ imports: [...imports, flame], providers: [Service] }).compile();
  onTestFinished(() => app.close());
  await app.init();
  return warn.mock.calls.map(([text]) => text);
}

describe('lostContext', () => {
  it('warns once of a store of nestjs-cls that does not travel, with the option that carries it', async () => {
    const found = await warnings({}, [ClsModule.forRoot({ global: true }), ClsModule.forFeature()]);
    expect(found).toEqual([
      expect.stringMatching(/^The app has nestjs-cls, .* option context to what .* or to \[\] if they need nothing\.$/),
    ]);
  });

  it('is silent if the app says what travels, be it nothing, and in an app without nestjs-cls', async () => {
    for (const context of [carrier, [{ ...carrier, name: 'cls' }], []])
      expect(await warnings({ context }, [ClsModule.forRoot()])).toEqual([]);
    expect(await warnings({})).toEqual([]);
  });
});
