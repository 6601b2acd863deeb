import { WorkerHost } from '@nestjs/bullmq';
import { FlameProcessor } from 'nestjs-flame/bullmq';
import type { FlameJob } from 'nestjs-flame/bullmq';
import { FilmsService } from './films.service.js';

export interface Film {
  readonly title: string;
  readonly frames: number;
}

/** Renders a film again from its start if it is interrupted, which does no harm. */
@FlameProcessor('renders', 'films', {
  handlerTimeout: 10 * 60_000,
  idempotent: true,
  worker: { lockDuration: 2_000, stalledInterval: 500 },
})
export class RendersProcessor extends WorkerHost {
  constructor(private readonly films: FilmsService) {
    super();
  }

  /** Runs on a runner. */
  async process(job: FlameJob<Film>): Promise<string> {
    await job.log(`rendered by process ${process.pid}`);
    for (let frame = 1; frame <= job.data.frames; frame++) {
      await this.films.render(job.data.title, frame);
      await job.updateProgress({ frame, pid: process.pid });
    }
    return `${job.data.title}.mp4`;
  }
}
