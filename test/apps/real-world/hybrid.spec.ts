import { ClientProxyFactory, Transport } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.js';
import { listeningPorts } from './support/listening-ports.js';
import { RunningApp } from './support/running-app.js';

interface Sum {
  readonly sum: number;
  readonly pid: number;
}

const noNumbers = { status: 'error', code: 'NO_NUMBERS', message: 'there are no numbers' };

describe('a hybrid app, which serves HTTP and a TCP microservice', () => {
  let app: RunningApp;

  beforeAll(async () => (app = await RunningApp.serving('hybrid/main.js', { TCP_PORT: String(await freePort()) })));
  afterAll(() => app?.stop());

  it('answers messages with results of a runner, which itself opens no port', async () => {
    const { status, body } = await app.post<Sum>('/sum', { numbers: [1, 2, 3] });
    expect(status, app.output).toBe(201);
    expect(body.sum).toBe(6);
    expect(body.pid).not.toBe(app.pid);
    expect(listeningPorts(body.pid), app.output).toEqual([]);
  });

  it("passes a runner's RpcException to the client", async () => {
    expect(await app.post('/sum', { numbers: [] }), app.output).toEqual({ status: 422, body: noNumbers });
  });
});

describe('an app that is only a microservice', () => {
  it('stops a runner before it listens, and answers messages with its results', async () => {
    const port = await freePort();
    const app = new RunningApp('hybrid/microservice.main.js', { TCP_PORT: String(port) });
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { port } });
    try {
      await app.line(/^Microservice is listening/);
      const { sum, pid } = await firstValueFrom(client.send<Sum>('sum', [4, 5]));
      expect(sum).toBe(9);
      expect(pid).not.toBe(app.pid);
      expect(listeningPorts(pid), app.output).toEqual([]);
      await expect(firstValueFrom(client.send('sum', []))).rejects.toEqual(noNumbers);
    } finally {
      client.close();
      await app.stop();
    }
  });
});
