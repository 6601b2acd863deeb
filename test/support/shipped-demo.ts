import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { FlameModule, FlamePool, getPoolToken } from 'nestjs-flame';
import type { PoolEvent } from 'nestjs-flame';
import { onTestFinished } from 'vitest';
import type { ShipConfig } from '../../libs/flame/src/backends/ship/ship-options.js';
import { LoaderBackend } from './loader-backend.js';
import type { Transfer } from './shipped-app.js';

type Sources = typeof import('../../apps/demo/src/videos/videos.service.js') &
  typeof import('../../apps/demo/src/videos/ffmpeg.js') &
  typeof import('../../apps/demo/src/videos/video-store.js');

/** The compiled files, since parent and runner need the same inline functions. */
async function compiledDemo(): Promise<Sources> {
  const exports: object[] = [];
  // One after the other: a file that is imported by two names at the same time can be loaded twice, with a class of its own each time.
  for (const name of ['videos.service', 'ffmpeg', 'video-store'])
    exports.push((await import(join(import.meta.dirname, `../../apps/demo/dist/videos/${name}.js`))) as object);
  return Object.assign({}, ...exports) as Sources;
}

/** A parent with the demo's handlers whose machines get the demo's code from an image's folder, which they cannot see. */
export async function startShippedDemo(image: string, ship: Partial<ShipConfig>) {
  // Only root can hide a folder. Other users' machines find nothing of it either, but could.
  const hide = process.getuid?.() === 0 ? image : undefined;
  const backend = new LoaderBackend({ hide, ship: { entry: join(image, 'apps/demo/dist/main.js'), ...ship } });
  const { Ffmpeg, VideosService, VideoStore } = await compiledDemo();
  @Module({
    imports: [FlameModule.forRoot([{ name: 'ffmpeg', max: 1, bootTimeout: 60_000, queueTimeout: 60_000 }], { backend })],
    providers: [Ffmpeg, VideosService, { provide: VideoStore, useFactory: () => new VideoStore() }],
  })
  class DemoParent {}
  const app = await Test.createTestingModule({ imports: [DemoParent] }).compile();
  await app.init();
  onTestFinished(() => app.close());
  const pool = app.get<FlamePool>(getPoolToken('ffmpeg'));
  const events: PoolEvent[] = [];
  pool.events$.subscribe((event) => events.push(event));
  const videos = app.get(VideosService);
  const thumbnails = (url: string): Promise<string[]> => videos.thumbnails({ id: 'nothing', url } as never, 1);
  return {
    thumbnails,
    /** Boots a runner for a call, and ends it; resolves to the time from call to answer. */
    async boot(): Promise<number> {
      const begun = performance.now();
      await thumbnails('/nowhere.mp4').catch(() => undefined);
      const took = performance.now() - begun;
      const [runner] = pool.stats().runners;
      await pool.drainRunner(runner!.id);
      return took;
    },
    /** The transfers that are complete. */
    transfers: (): Transfer[] => events.filter((event): event is Transfer => event.type === 'shipping' && event.sent === event.total),
    /** The files in the machines' cache of this name. */
    cached: (name: RegExp): string[] =>
      readdirSync(backend.temporary, { recursive: true, encoding: 'utf8' }).filter((path) => name.test(path)),
  };
}
