import { expect, it } from 'vitest';
import { SpawnedApp } from '../support/spawned-app.js';

it('Inline functions of a compiled app run on runners of a ProcessBackend', async () => {
  const app = new SpawnedApp('inline-compiled/main.js');
  await app.line(/^\[closed\]/);
  expect((await app.exited).code).toBe(0);
  const said = app.lines.filter((line) => /^\[[a-z ]+\] /.test(line)).map((line) => /^\[([a-z ]+)\] (.*)$/.exec(line)!.slice(1));
  const runner = (JSON.parse(said.find(([what]) => what === 'sum')![1]!) as [number, number])[1];
  expect(runner).not.toBe(app.pid);
  expect(said.map(([what, value]) => [what, JSON.parse(value!)])).toEqual([
    ['progress', 'half'],
    ['publish', [[{ id: 1, every: 5 }, 'secret', 'base', runner], { id: 1 }]],
    ['greet', ['hello videos', runner]],
    ['per call', ['hello base', runner]],
    ['page', [1, 'videos', runner]],
    ['page', [2, 'videos', runner]],
    ['sum', [3, runner]],
    [
      'at start',
      [
        'secret',
        'cast',
        [1, 'videos', runner],
        2,
        4,
        expect.stringMatching(/^Videos\.onApplicationBootstrap\/4 timed out after 50 ms of running in place/),
      ],
    ],
    ['survive', 2],
    ['stay', expect.stringMatching(/^Videos\.stay\/1 timed out/)],
    ['hold', expect.stringMatching(/^Videos\.hold\/1 cannot run on a runner: captured "socket": a Socket/)],
    ['closed', app.pid],
  ]);
});

it('An app that was not compiled gets an error that explains how to compile it', async () => {
  const app = new SpawnedApp('inline-calls/main.js');
  await app.line(/flame\.call\('p', …\) was given a function.*`npx nestjs-flame compile dist`/);
  expect((await app.exited).code).toBe(1);
});
