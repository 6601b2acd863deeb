import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameModule, OnFlame } from 'nestjs-flame';
import { FlyBackend } from 'nestjs-flame/fly';

@Injectable()
class Frames {
  @OnFlame('ffmpeg')
  async count(): Promise<number> {
    return 24;
  }
}

// As docs/backends/fly.md shows it: everything else is Fly's to say, by its variables.
@Module({
  imports: [
    FlameModule.forRoot([{ name: 'ffmpeg', max: 10, maxConcurrency: 2 }], {
      backend: new FlyBackend({ cpus: 4, memoryMb: 8_192, regions: ['ams'] }),
    }),
  ],
  providers: [Frames],
})
class AppModule {}

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
