import { describe, expect, it } from 'vitest';
import { childrenOf } from '../support/process-table.js';
import { SpawnedApp } from '../support/spawned-app.js';

const refusal =
  /FlameModule opens no pools here: a runner of the app ".*main\.js" started this process or thread, which loads the same app.*Start it only if \(!FlameParent\.get\(\)\)/;

async function answered(app: SpawnedApp, name: string, argument?: unknown): Promise<unknown> {
  app.process.stdin!.write(`${JSON.stringify([name, argument])}\n`);
  return JSON.parse((await app.line(new RegExp(`^\\[parent\\] ${app.pid} ${name}: (.*)`)))[1]!);
}

async function startApp(): Promise<SpawnedApp> {
  const app = new SpawnedApp('descendants/main.js', {}, 'pipe');
  await app.line(/is a parent/);
  return app;
}

describe('a process or thread below a runner of the same app', () => {
  it.each<[string, string, unknown]>([
    ['child_process.fork() of main.ts', 'forked', 'main.js'],
    ['a spawn with the runner’s command line', 'spawned', { file: 'main.js', env: {} }],
    ['a spawn whose environment says nothing of runners', 'spawned', { file: 'main.js', env: { FLAME_ANCESTORS: '' } }],
    ['a spawn of another file that loads the same module, with such an environment', 'spawned', { file: 'same-module.js', env: {} }],
    ['a fork of another file that loads the same module', 'forked', 'same-module.js'],
    ['a worker thread with main.ts', 'thread', 'main.js'],
    ['a worker thread with another file that loads the same module', 'thread', 'same-module.js'],
  ])('opens no pools: %s', async (_, name, argument) => {
    const app = await startApp();
    const ended = (await answered(app, name, argument)) as { code: number; output: string };
    expect(ended.output).toMatch(refusal);
    expect(ended.output).not.toContain('is a parent');
    expect(ended.code).not.toBe(0);
    const [runner] = childrenOf(app.pid);
    expect(childrenOf(runner!)).toEqual([]);
  });

  it('is not started by cluster.fork()', async () => {
    const app = await startApp();
    expect(await answered(app, 'clusterWorker')).toEqual([true, []]);
    expect(childrenOf(childrenOf(app.pid)[0]!)).toEqual([]);
  });
});

describe('another app below a runner', () => {
  it('is a separate parent', async () => {
    const app = await startApp();
    expect(await answered(app, 'forked', 'other-app.js')).toEqual({
      code: 0,
      output: 'another app, its runner is another process: true\n',
    });
  });
});
