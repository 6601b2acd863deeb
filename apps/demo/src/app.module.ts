import { Module } from '@nestjs/common';
import { FlameModule, FlameParent, LocalBackend, ProcessBackend } from 'nestjs-flame';
import { PoolsController } from './pools/pools.controller.js';
import { Ffmpeg } from './videos/ffmpeg.js';
import { VideoStore } from './videos/video-store.js';
import { VideosController } from './videos/videos.controller.js';
import { VideosService } from './videos/videos.service.js';

/** For comparison: the same app without other processes, which does one video after the other. */
const oneProcess = process.env.DEMO_BACKEND === 'local';

@Module({
  imports: [
    FlameModule.forRoot(
      [
        {
          name: 'ffmpeg',
          min: 0,
          max: oneProcess ? 1 : 4,
          maxConcurrency: 1,
          idleShutdownAfter: 3_000,
          queueTimeout: 120_000,
          shutdownTimeout: 2_000,
        },
      ],
      { backend: oneProcess ? new LocalBackend() : new ProcessBackend() },
    ),
  ],
  controllers: FlameParent.unlessRunner([VideosController, PoolsController]),
  providers: [Ffmpeg, VideosService, { provide: VideoStore, useFactory: () => new VideoStore(process.env.VIDEO_STORE) }],
})
export class AppModule {}
