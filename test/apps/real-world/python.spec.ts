import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childrenOf, isAlive, until } from '../../support/process-table.js';
import { RunningApp } from './support/running-app.js';

interface Verdict {
  readonly score: number;
  readonly pid: number;
}

describe('an app whose handlers run Python', () => {
  let app: RunningApp;

  beforeAll(async () => (app = await RunningApp.serving('python/main.js')));
  afterAll(() => app?.stop());

  it('asks a process that keeps its model, one for each runner', async () => {
    const texts = ['a good book', 'a bad, awful book', 'great'];
    const answers = await Promise.all(texts.map((text) => app.post<Verdict>('/texts', { text })));
    expect(
      answers.map(({ body }) => body.score),
      app.output,
    ).toEqual([1, -2, 2]);
    expect(new Set(answers.map(({ body }) => body.pid))).toEqual(new Set(childrenOf(runner())));
  });

  it('gives the progress of a process to the caller', async () => {
    const { status, body } = await app.post('/counts/3', {});
    expect(status, app.output).toBe(201);
    expect(body).toEqual({ counted: 3, progress: [1, 2, 3] });
  });

  it('throws what a process that failed has written to stderr', async () => {
    expect((await app.post('/counts/-1', {})).status, app.output).toBe(500);
    await app.line(/count\.py failed \(1\): Traceback/);
    await app.line(/^ValueError: there is nothing to count/);
  });

  it('kills the process of a call whose client leaves', async () => {
    const model = await classifier();
    const leaving = new AbortController();
    const left = fetch(`${app.url}/counts/1000`, { method: 'POST', signal: leaving.signal }).catch((error: Error) => error.name);
    await app.line(/counted 5$/);
    const processes = childrenOf(runner());
    expect(processes).toHaveLength(2);
    leaving.abort();
    expect(await left).toBe('AbortError');
    await until(() => childrenOf(runner()).length === 1);
    expect(await classifier()).toBe(model);
  });

  it('keeps the runner, and its model, when the client of a text leaves', async () => {
    const model = await classifier();
    const leaving = new AbortController();
    const body = JSON.stringify({ text: 'slow' });
    const headers = { 'content-type': 'application/json' };
    const left = fetch(`${app.url}/texts`, { method: 'POST', body, headers, signal: leaving.signal }).catch((error: Error) => error.name);
    await app.line(/classifying slow/);
    leaving.abort();
    expect(await left).toBe('AbortError');
    // It waits for the slow one, longer than a runner waits for a handler that has been aborted.
    expect(await classifier()).toBe(model);
    expect(await classifier()).toBe(model);
  });

  it('throws what a process that keeps its model has written to stderr, and starts another', async () => {
    const model = await classifier();
    expect((await app.post('/texts', { text: 5 })).status, app.output).toBe(500);
    await app.line(/classifier\.py ended \(1\): Traceback/);
    await app.line(/^AttributeError: /);
    expect(await classifier()).not.toBe(model);
  });

  it.each(['runner', 'parent'])('leaves no process when the %s is killed', async (killed) => {
    await classifier();
    const counted = counts();
    const lost = app.post('/counts/1000', {}).catch(() => undefined);
    await until(() => counts() === counted + 1);
    const processes = [runner(), ...childrenOf(runner())];
    expect(processes).toHaveLength(3);
    if (killed === 'parent') await app.stop('SIGKILL');
    else process.kill(runner(), 'SIGKILL');
    await until(() => !processes.some(isAlive));
    await lost;
  });

  /** How many processes have counted to 5, and sleep. */
  function counts(): number {
    return app.lines.filter((line) => line === 'counted 5').length;
  }

  function runner(): number {
    return childrenOf(app.pid)[0]!;
  }

  async function classifier(): Promise<number> {
    return (await app.post<Verdict>('/texts', { text: 'good' })).body.pid;
  }
});
