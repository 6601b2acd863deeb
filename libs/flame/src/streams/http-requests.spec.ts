import { createServer, get } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { Controller, Injectable, Post, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCodec } from '../core/codec/create-codec.js';
import type { FlameError } from '../core/errors/flame-error.js';
import { OnFlame } from '../nest/decorator/on-flame.decorator.js';
import { FlameTestingModule } from '../testing/index.js';
import { ValueEncoder } from './value-encoder.js';

const encoder = new ValueEncoder(createCodec());
const fix = /it is an HTTP request\. Pass what the other side needs of it, such as request\.headers, and its body as request\.iterator\(/;

@Injectable()
class Uploads {
  @OnFlame('files')
  async size(content: AsyncIterable<Buffer>): Promise<number> {
    let size = 0;
    for await (const chunk of content) size += chunk.length;
    return size;
  }

  @OnFlame('files')
  async token(request: { headers: Record<string, string> }): Promise<string | undefined> {
    return request.headers['authorization'];
  }
}

@Controller()
class UploadsController {
  constructor(private readonly uploads: Uploads) {}

  @Post('token')
  token(@Req() request: { headers: Record<string, string> }): Promise<string | undefined> {
    return this.uploads.token(request).catch((error: FlameError) => `${error.code} ${error.ran}: ${error.message}`);
  }

  @Post('size')
  async size(@Req() request: IncomingMessage & { raw?: IncomingMessage }): Promise<number> {
    return this.uploads.size((request.raw ?? request).iterator({ destroyOnReturn: false }));
  }
}
Reflect.defineMetadata('design:paramtypes', [Uploads], UploadsController);

/** The request of a server for the one that a client sends, and what the client gets. */
async function received(): Promise<{ request: IncomingMessage; response: IncomingMessage }> {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const client = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  const [request, answer] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
  answer.end('content');
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  return { request, response };
}

describe('an HTTP request as an argument', () => {
  it.each([
    ['Express', (): AbstractHttpAdapter => new ExpressAdapter()],
    ['Fastify', (): AbstractHttpAdapter => new FastifyAdapter() as unknown as AbstractHttpAdapter],
  ])('is refused with the fix, and its body is a stream (%s)', async (_, adapter) => {
    const module = {
      module: class App {},
      imports: [FlameTestingModule.forRoot([{ name: 'files', max: 1 }])],
      controllers: [UploadsController],
      providers: [Uploads],
    };
    const http = adapter();
    const app = await NestFactory.create(module, http, { logger: false, bodyParser: false });
    if ('addContentTypeParser' in http.getInstance<object>())
      http
        .getInstance<{ addContentTypeParser: (type: string, parse: unknown) => void }>()
        .addContentTypeParser('*', (_request: unknown, _body: unknown, done: () => void) => done());
    onTestFinished(() => app.close());
    await app.listen(0, '127.0.0.1');
    const post = async (path: string): Promise<string> => {
      const headers = { authorization: 'me', 'content-type': 'application/octet-stream' };
      return (await fetch(`${await app.getUrl()}/${path}`, { method: 'POST', headers, body: 'seven b' })).text();
    };
    expect(await post('token')).toMatch(fix);
    expect(await post('token')).toMatch(/^FLAME_ENCODING no: an argument of Uploads\.token cannot cross to a runner: args\[0\]: /);
    expect(await post('size')).toBe('7');
  });

  it('is refused anywhere in a value, and over HTTP/2', async () => {
    const server = createHttp2Server().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    client.request({ ':path': '/' }).end();
    const [request] = (await once(server, 'request')) as [object];
    expect(() => encoder.encode({ context: { req: request } })).toThrow(/^context\.req: a Http2ServerRequest cannot cross/);
    expect(() => encoder.encode([request])).toThrow(fix);
    client.destroy();
    server.close();
  });

  it('is not what a client got from a server: that is a stream', async () => {
    const { request, response } = await received();
    expect(() => encoder.encode([request])).toThrow(fix);
    expect(encoder.encode([response]).sources?.list).toMatchObject([{ kind: 'readable' }]);
    response.destroy();
  });

  it('is no object with the same fields that is data', () => {
    class Job {
      method = 'POST';
      url = '/';
      headers = { accept: '*/*' };
      raw = 'body';
    }
    const codec = createCodec();
    expect(codec.decode(new ValueEncoder(codec).encode(new Job()).bytes)).toEqual({ ...new Job() });
  });
});
