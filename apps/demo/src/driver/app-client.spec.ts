import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { AppClient, HttpError } from './app-client.js';

let server: Server;
const { signal } = new AbortController();

async function client(listener: RequestListener): Promise<AppClient> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new AppClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

afterEach(async () => {
  const closed = once(server, 'close');
  server.close();
  await closed;
});

describe('AppClient', () => {
  it('posts a video and reads the answer', async () => {
    const app = await client(async (request, response) => {
      const { length } = await buffer(request);
      response.end(JSON.stringify({ id: `${request.method} ${request.url} ${request.headers['content-type']} ${length}`, thumbnails: [] }));
    });
    expect((await app.post(Buffer.alloc(300_000), 5, signal)).id).toBe('POST /videos?every=5 video/mp4 300000');
  });

  it('rejects with the status and the message of the app', async () => {
    const app = await client((_, response) => response.writeHead(422).end('no video'));
    const error = await app.file('/x.png', signal).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({ status: 422, message: 'GET /x.png was answered with 422: no video' });
  });

  it('rejects with the reason of an abort, and leaves no connection that would keep the app open', async () => {
    const stop = new AbortController();
    const app = await client(() => stop.abort(new Error('ended by SIGINT')));
    await expect(app.file('/x.png', stop.signal)).rejects.toThrow('ended by SIGINT');
    await expect(app.file('/x.png', stop.signal)).rejects.toThrow('ended by SIGINT');
    // The server's close, in afterEach, waits for every connection.
  });
});
