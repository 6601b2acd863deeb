import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameModule, FlameParent, OnFlame, ProcessBackend } from 'nestjs-flame';
import { Subject } from 'rxjs';

// docs/what-stays.md shows this class.
@Injectable()
class VideosService {
  readonly done = new Subject<string>(); // the parent listens
  readonly titles = new Map<number, string>(); // an in-memory cache

  /** Runs on a runner: returns what happened. */
  @OnFlame('videos')
  async transcode(id: number): Promise<string> {
    return `video ${id}`;
  }

  /** Runs at the parent: applies it there. */
  async publish(id: number): Promise<void> {
    const title = await this.transcode(id);
    this.titles.set(id, title);
    this.done.next(title);
  }
}

/** What the page warns of: the effects stay on the runner. */
@Injectable()
class EagerService {
  constructor(private readonly videos: VideosService) {}

  @OnFlame('videos')
  async publish(id: number): Promise<string[]> {
    await this.videos.publish(id);
    return [...this.videos.titles.values()];
  }
}

@Module({
  imports: [FlameModule.forRoot([{ name: 'videos', max: 1 }], { backend: new ProcessBackend() })],
  providers: [VideosService, EagerService],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['warn', 'error'] });
if (!FlameParent.get()) {
  const videos = app.get(VideosService);
  const heard: string[] = [];
  videos.done.subscribe((title) => heard.push(title));
  const there = await app.get(EagerService).publish(1);
  await videos.publish(2);
  console.log(JSON.stringify({ there, heard, titles: [...videos.titles.values()] }));
  await app.close();
}
