import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunningApp } from './support/running-app.js';

describe('an app of commands and events, with @nestjs/cqrs', () => {
  let app: RunningApp;

  beforeAll(async () => (app = await RunningApp.serving('cqrs/main.js')));
  afterAll(() => app?.stop());

  it("passes a command with its methods to the runner, and its event to the event's handler", async () => {
    const order = { customer: 'Grace', positions: [{ price: 30, count: 4 }] };
    const { status, body } = await app.post<{ total: number; drawnBy: number }>('/contracts', order);
    expect(status, app.output).toBe(201);
    expect(body.total).toBe(120);
    expect(body.drawnBy).not.toBe(app.pid);
    expect((await app.get('/contracts/archive')).body, app.output).toEqual(['large contract of Grace']);
  });

  it('runs a command handler on a runner, whose events and sagas stay there', async () => {
    const { status, body } = await app.post<{ total: number; estimatedBy: number }>('/contracts/estimates', {
      customer: 'Ada',
      prices: [900, 600],
    });
    expect(status, app.output).toBe(201);
    expect(body.total).toBe(1_500);
    expect(body.estimatedBy).not.toBe(app.pid);
    const ofRunner = async (): Promise<unknown> => (await app.get('/contracts/archive/of-runner')).body;
    await expect.poll(ofRunner, { timeout: 30_000 }).toEqual(['large contract of Ada']);
    expect((await app.get('/contracts/archive')).body, app.output).not.toContain('large contract of Ada');
  });
});
