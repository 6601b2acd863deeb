import * as namedExports from 'node:cluster';
import cluster from 'node:cluster';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Controller, Get, Injectable, Module } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameModule, FlameParent, OnFlame, ProcessBackend } from 'nestjs-flame';

/** A line that the test reads: what happened, where, and in which process. */
export function tell(what: string): void {
  console.log(`[${FlameParent.choose({ parent: 'parent', runner: 'runner' })}] ${process.pid} ${what}`);
}

const named = namedExports as unknown as Pick<typeof cluster, 'isPrimary' | 'isWorker'>;

@Injectable()
export class Seen {
  /** What code in a runner sees of how it was started. */
  @OnFlame('work')
  async onRunner(): Promise<object> {
    return {
      ...this.here(),
      role: [cluster.isPrimary, named.isPrimary, cluster.isWorker, named.isWorker, cluster.worker?.id],
      channel: [typeof process.send, process.connected ?? false],
      told: Object.keys(process.env).filter((name) => /^NODE_(UNIQUE|CHANNEL|APP)|^pm_|^PM2_USAGE$|^exec_mode$|^FLAME_PARENT$/.test(name)),
      opened: await this.open(),
    };
  }

  here(): { pid: number; args: string[]; flags: string[] } {
    return { pid: process.pid, args: process.argv.slice(2), flags: process.execArgv };
  }

  /** A worker of a cluster would ask its primary for a server and for a socket. */
  private async open(): Promise<boolean[]> {
    const server = createServer().listen(0, '127.0.0.1');
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await Promise.all([once(server, 'listening'), once(socket, 'listening')]);
    const opened = [typeof server.address() === 'object', socket.address().port > 0];
    server.close();
    socket.close();
    return opened;
  }
}

@Controller()
class SeenController {
  constructor(private readonly seen: Seen) {}

  @Get()
  async all(): Promise<object> {
    return { parent: this.seen.here(), runner: await this.seen.onRunner() };
  }
}

@Module({
  imports: [FlameModule.forRoot([{ name: 'work', min: 1, max: 1 }], { backend: new ProcessBackend() })],
  controllers: FlameParent.unlessRunner([SeenController]),
  providers: [Seen],
})
export class AppModule {}

/** Starts the app, which ends on SIGTERM and when its primary is gone. */
export async function bootstrap(): Promise<INestApplication> {
  const app = await NestFactory.create(AppModule);
  app.enableShutdownHooks();
  process.once('disconnect', () => void app.close().then(() => process.exit()));
  // Each worker has a port of its own, so that the test can ask each.
  const server = await app.listen({ port: 0, host: '127.0.0.1', exclusive: true } as never);
  tell(`listens on http://127.0.0.1:${(server.address() as { port: number }).port}`);
  return app;
}
