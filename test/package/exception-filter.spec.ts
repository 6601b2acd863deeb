import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { failingApp } from './failing-app.js';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flame-first-nest-')));
const nest = ['common', 'core', 'platform-express', 'platform-fastify'].map((name) => `@nestjs/${name}@11.1.0`);

beforeAll(() => {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  writeFileSync(join(folder, 'app.cjs'), failingApp);
  const packages = [inject('tarball'), ...nest, 'reflect-metadata@0.2', 'rxjs@7'];
  execFileSync('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...packages], { cwd: folder, stdio: 'pipe' });
});
afterAll(() => rmSync(folder, { recursive: true, maxRetries: 5 }));

/** As later versions do not, it sends clients the message of an error that has a status. */
describe('FlameExceptionFilter on Nest 11.1.0', () => {
  const busy = { message: 'The service cannot take this request now. Try again later.', error: 'Service Unavailable', statusCode: 503 };
  const late = { message: 'The service did not answer in time.', error: 'Gateway Timeout', statusCode: 504 };
  const broken = { statusCode: 500, message: 'Internal server error' };

  it.each(['express', 'fastify'])('answers with fixed messages: %s', (adapter) => {
    expect(createRequire(join(folder, 'app.cjs'))('@nestjs/core/package.json')).toMatchObject({ version: '11.1.0' });
    const printed = execFileSync(process.execPath, ['app.cjs', adapter], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    });
    expect(JSON.parse(printed)).toEqual({
      late: { status: 504, retry: null, body: late },
      refused: { status: 503, retry: '5', body: busy },
      unbootable: { status: 503, retry: '5', body: busy },
      plain: { status: 500, retry: null, body: broken },
    });
  });
});
