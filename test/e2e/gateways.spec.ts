import { once } from 'node:events';
import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import { SpawnedApp } from '../support/spawned-app.js';

/** The client of `ws`, which comes without types; Node 20 has none of its own. */
interface Client extends EventEmitter {
  send(data: string): void;
  close(): void;
}
const { WebSocket } = createRequire(import.meta.url)('ws') as { WebSocket: new (url: string) => Client };

/** The process whose gateway answers. */
async function answers(port: number, path = ''): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  await once(socket, 'open');
  socket.send(JSON.stringify({ event: 'hello' }));
  const [message] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return (JSON.parse(message.toString()) as { data: number }).data;
}

describe('gateways with their own port', () => {
  it.each(['http', 'microservice'])('listen only in the parent, in a %s app', async (kind) => {
    const ports = [await freePort(), await freePort()] as const;
    const app = new SpawnedApp('gateways/main.js', {
      GATEWAY_APP: kind,
      GATEWAY_PORT: String(ports[0]),
      GATEWAY_PATH_PORT: String(ports[1]),
    });
    const [, told] = await app.line(/^runner: (.*)/);
    const runner = JSON.parse(told!) as { pid: number; ports: unknown[]; server: boolean };
    expect(runner.pid).not.toBe(app.pid);
    // A runner's gateway can emit, to nobody, where the app has an HTTP server that never listens.
    expect(runner).toMatchObject({ ports: [], server: kind === 'http' });
    expect([await answers(ports[0]), await answers(ports[1], '/news')]).toEqual([app.pid, app.pid]);
  });
});
