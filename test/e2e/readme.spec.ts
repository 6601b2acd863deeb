import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { RunningApp } from '../package/running-app.js';
import { twoMinutes } from '../support/two-minutes.js';

const root = join(import.meta.dirname, '../..');
const main = `
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
`;

/** What `nest new` has made of them, as far as the README's module needs it. */
const scaffold = {
  'app.controller.ts': `import { Controller } from '@nestjs/common';\n\n@Controller()\nexport class AppController {}\n`,
  'app.service.ts': 'export class AppService {}\n',
  'main.ts': main,
};

/** Compiles the README's first app in a folder inside the repository, where it finds its packages. */
function build(): string {
  mkdirSync(join(root, 'out'), { recursive: true });
  const folder = mkdtempSync(join(root, 'out/readme-'));
  onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 5 }));
  for (const [name, text] of Object.entries({ ...scaffold, ...twoMinutes(12) })) writeFileSync(join(folder, name), text);
  const compilerOptions = { paths: {}, outDir: 'dist', declaration: false, declarationMap: false };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: ['*.ts'], exclude: [] }),
  );
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  return folder;
}

it('The README’s first app runs its method on another process', async () => {
  const folder = build();
  const app = await RunningApp.start(process.execPath, [join(folder, 'dist/main.js')], folder);
  onTestFinished(() => app.stop());
  const { status, body } = await app.get('/primes/1000');
  expect({ status, body }).toEqual({ status: 200, body: { primes: 168, pid: expect.any(Number) } });
  expect((body as { pid: number }).pid).not.toBe(app.pid);
});
