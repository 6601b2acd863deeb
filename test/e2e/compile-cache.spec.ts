import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import nodeModule from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { isAlive, until } from '../support/process-table.js';
import { SpawnedApp } from '../support/spawned-app.js';

it('A runner writes its compiled code to the cache of Node while it lives, where Node can, for runners that boot meanwhile', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'flame-compiled-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const app = new SpawnedApp('survival/main.js', {
    TMPDIR: folder,
    SURVIVAL_DOING: 'works',
    SURVIVAL_FOLDER: folder,
    SURVIVAL_POOL: '{}',
    SURVIVAL_OPTIONS: '{}',
  });
  await until(() => existsSync(join(folder, 'runners')));
  const runner = Number(readFileSync(join(folder, 'runners'), 'utf8'));
  onTestFinished(() => {
    if (isAlive(runner)) process.kill(runner, 'SIGKILL');
  });
  const cache = join(folder, `nestjs-flame-cache-${process.getuid!()}`);
  expect(existsSync(cache)).toBe('enableCompileCache' in nodeModule);
  const files = (): number => (existsSync(cache) ? readdirSync(cache, { recursive: true }).length : 0);
  if ('flushCompileCache' in nodeModule) await until(() => files() > 100);
  expect([isAlive(runner), isAlive(app.pid)]).toEqual([true, true]);
});
