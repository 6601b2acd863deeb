import { Module } from '@nestjs/common';
import { FlameModule, FlameParent } from 'nestjs-flame';
import { FlameDashboardModule } from 'nestjs-flame/dashboard';
import { demoBackend } from './demo-backend.js';
import { PoolsController } from './pools/pools.controller.js';
import { Ffmpeg } from './videos/ffmpeg.js';
import { VideoStore } from './videos/video-store.js';
import { VideosController } from './videos/videos.controller.js';
import { VideosService } from './videos/videos.service.js';

const backend = demoBackend();

@Module({
  imports: [
    FlameModule.forRoot(
      [
        {
          name: 'ffmpeg',
          min: 0,
          max: backend.name === 'local' ? 1 : 4,
          maxConcurrency: 1,
          idleShutdownAfter: 3_000,
          bootTimeout: 60_000,
          queueTimeout: 120_000,
          shutdownTimeout: 2_000,
        },
      ],
      { backend },
    ),
    // Actions only where nobody else reaches the app: it listens on the loopback interface, unless it is told another one.
    FlameDashboardModule.forRoot({ auth: () => true, actions: process.env.HOST === undefined }),
  ],
  controllers: FlameParent.unlessRunner([VideosController, PoolsController]),
  providers: [Ffmpeg, VideosService, { provide: VideoStore, useFactory: () => new VideoStore(process.env.VIDEO_STORE) }],
})
export class AppModule {}
