import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DevtoolsModule } from '@nestjs/devtools-integration';
import { createObserveModule } from '@nestjs/observe';
import { Flame, FlameModule, FlameParent, OnFlame, ProcessBackend } from 'nestjs-flame';

/** An app with Nest's own tools: a proxy around each instance for traces, and the graph of its modules for the devtools. */
const { ObserveModule, ObserveInstrument } = createObserveModule();

@Injectable()
class Store {
  put(name: string): [string, number] {
    return [`stored ${name}`, process.pid];
  }
}

@Injectable()
class Videos {
  constructor(
    private readonly store: Store,
    private readonly flame: Flame,
  ) {}

  @OnFlame('ffmpeg')
  async encode(name: string): Promise<[string, number]> {
    return this.store.put(name);
  }

  async sheet(name: string): Promise<[string, number]> {
    return this.flame.call('ffmpeg', async () => this.store.put(`the sheet of ${name}`));
  }
}

@Controller('videos')
class VideosController {
  constructor(private readonly videos: Videos) {}

  @Get()
  async make(): Promise<[string, number][]> {
    return [await this.videos.encode('a.mp4'), await this.videos.sheet('a.mp4')];
  }
}

@Module({
  imports: [
    ObserveModule.forRoot({ appKey: 'key', appSecret: 'secret', serviceId: 'videos', endpoint: process.env['OBSERVE_ENDPOINT']! }),
    DevtoolsModule.register({ http: !FlameParent.get(), port: Number(process.env['DEVTOOLS_PORT']) }),
    FlameModule.forRoot([{ name: 'ffmpeg', max: 1 }], { backend: new ProcessBackend() }),
  ],
  controllers: [VideosController],
  providers: [Store, Videos],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { instrument: ObserveInstrument, snapshot: true, abortOnError: false });
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
console.log(`listens at ${await app.getUrl()}`);
