import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../support/free-port.js';
import { isAlive, until } from '../support/process-table.js';
import { SpawnedApp } from '../support/spawned-app.js';

/** What the agents of @nestjs/observe send to a collector; this one only keeps it. */
async function collector(): Promise<{ url: string; received: string[] }> {
  const received: string[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      received.push(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body).toString() : body.toString());
      response.end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

it('Runners of an app with @nestjs/observe and the devtools serve its calls, and the request’s trace has the methods', async () => {
  const { url, received } = await collector();
  const app = new SpawnedApp('observed/main.js', { OBSERVE_ENDPOINT: url, DEVTOOLS_PORT: String(await freePort()) });
  const [, address] = await app.line(/listens at (\S+)/);
  const [method, block] = (await (await fetch(`${address}/videos`)).json()) as [string, number][];
  const runner = method![1];
  expect(runner).not.toBe(app.pid);
  expect([method, block]).toEqual([
    ['stored a.mp4', runner],
    ['stored the sheet of a.mp4', runner],
  ]);
  await until(() => received.some((text) => text.includes('VideosController')));
  const trace = received.find((text) => text.includes('VideosController'))!;
  for (const name of ['encode', 'sheet']) expect(trace).toContain(`"${name}"`);
  expect(app.lines.filter((line) => /ERROR|tried to listen|does work that only its parent/.test(line))).toEqual([]);
  app.process.kill('SIGTERM');
  await app.exited;
  expect(isAlive(runner)).toBe(false);
});
