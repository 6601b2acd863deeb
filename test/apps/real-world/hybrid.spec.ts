import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.js';
import { listeningPorts } from './support/listening-ports.js';
import { RunningApp } from './support/running-app.js';

interface Sum {
  readonly sum: number;
  readonly pid: number;
}

describe('a hybrid app, which serves HTTP and a TCP microservice', () => {
  let app: RunningApp;

  beforeAll(async () => (app = await RunningApp.serving('hybrid/main.js', { TCP_PORT: String(await freePort()) })));
  afterAll(() => app?.stop());

  it('answers messages with what a runner returned, which itself opens no port', async () => {
    const { status, body } = await app.post<Sum>('/sum', { numbers: [1, 2, 3] });
    expect(status, app.output).toBe(201);
    expect(body.sum).toBe(6);
    expect(body.pid).not.toBe(app.pid);
    expect(listeningPorts(body.pid), app.output).toEqual([]);
  });
});
