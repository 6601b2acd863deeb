import { once } from 'node:events';
import { createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { onTestFinished } from 'vitest';

/** Starts a reverse proxy that serves an app under a path, as in front of several apps, and returns the URL with that path. Ends with the test. */
export async function proxyUnder(path: string, app: string): Promise<string> {
  const { hostname, port } = new URL(app);
  const server = createServer((request, response) => {
    const { method, headers, url = '' } = request;
    if (!url.startsWith(`${path}/`)) return void response.writeHead(404).end(`nothing is at ${url}`);
    const asked = ask({ hostname, port, method, headers, path: url.slice(path.length) }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      pipeline(answer, response, () => {});
    });
    asked.on('error', () => response.destroy());
    response.on('close', () => asked.destroy());
    request.pipe(asked);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
}
