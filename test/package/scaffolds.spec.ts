import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { twoMinutes } from '../support/two-minutes.js';
import { NestApp } from './nest-app.js';
import { tool } from '../support/tool.js';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flame-scaffolds-')));
afterAll(() => rmSync(folder, { recursive: true, maxRetries: 5 }));

/** A test of a user, beside the scaffold's own: the app with what the test puts in the pools' place. */
const overriding = (module: string): string => `
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { FlameModule } from 'nestjs-flame';
import { FlameFaults, FlameTestingModule } from 'nestjs-flame/testing';
import { AppModule } from '${module}';

it('overrides the pools', async () => {
  const compiled = await Test.createTestingModule({ imports: [AppModule] })
    .overrideModule(FlameModule)
    .useModule(FlameTestingModule.forRoot([{ name: 'work', max: 1 }]))
    .compile();
  const app = compiled.createNestApplication();
  await app.init();
  await request(app.getHttpServer()).get('/primes/1000').expect(200, { primes: 168, pid: process.pid });
  expect(app.get(FlameFaults).runners).toHaveLength(1);
  await app.close();
}, 60_000);
`;

describe('a scaffold after "Two minutes"', () => {
  it.each([
    { nest: 11, runner: 'jest', module: './../src/app.module' },
    { nest: 12, runner: 'vitest run', module: './../src/app.module.js' },
  ] as const)('of Nest $nest passes its own tests with $runner, and others that override the pools', ({ nest, runner, module }) => {
    const node = join(tool('node@24'), 'node');
    const app = new NestApp(folder, `nest-${nest}`, { cli: tool(`@nestjs/cli@${nest}`), node, tests: true, files: twoMinutes(nest) });
    app.install(inject('tarball'));
    writeFileSync(join(app.folder, 'test/overriding.e2e-spec.ts'), overriding(module));
    for (const script of ['test', 'test:e2e']) expect(app.script(script, node)).toContain(`> ${runner}`);
  });
});
