import 'reflect-metadata';
import type { Server } from 'node:net';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport } from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { FlameModule, OnFlame, ProcessBackend } from 'nestjs-flame';

const { GATEWAY_PORT: port = '0', GATEWAY_PATH_PORT: pathPort = '0', GATEWAY_APP: kind = 'http' } = process.env;

@WebSocketGateway(Number(port))
class Chat {
  @WebSocketServer()
  readonly server: unknown;

  @SubscribeMessage('hello')
  hello(): object {
    return { event: 'hello', data: process.pid };
  }
}

/** A port that gateways of several paths share is opened in another way. */
@WebSocketGateway(Number(pathPort), { path: '/news' })
class News {
  @SubscribeMessage('hello')
  hello(): object {
    return { event: 'hello', data: process.pid };
  }
}

@Injectable()
class Ports {
  constructor(private readonly chat: Chat) {}

  /** What this process listens on, and whether its gateway has a server to emit to. */
  @OnFlame('gateways')
  async here(): Promise<{ pid: number; ports: unknown[]; server: boolean }> {
    const handles = (process as unknown as { _getActiveHandles: () => Partial<Server>[] })._getActiveHandles();
    const ports = handles.filter(({ listening }) => listening).map((server) => server.address!());
    return { pid: process.pid, ports, server: Boolean(this.chat.server) };
  }
}

@Module({
  imports: [FlameModule.forRoot([{ name: 'gateways', max: 1 }], { backend: new ProcessBackend() })],
  providers: [Chat, News, Ports],
})
class AppModule {}

const http = kind === 'http';
const app = http
  ? await NestFactory.create(AppModule)
  : await NestFactory.createMicroservice(AppModule, { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } });
app.enableShutdownHooks();
app.useWebSocketAdapter(new WsAdapter(http ? app : undefined));
await ('getHttpServer' in app ? app.listen(0, '127.0.0.1') : app.listen());
console.log(`runner: ${JSON.stringify(await app.get(Ports).here())}`);
