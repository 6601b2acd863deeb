import { WorkerHost } from '@nestjs/bullmq';
import { UnrecoverableError } from 'bullmq';
import { FlameProcessor } from 'nestjs-flame/bullmq';
import type { FlameJob } from 'nestjs-flame/bullmq';
import { FilmsService } from './films.service.js';

/** Pays for the frames of a film. To do that twice would be wrong, so a lost runner costs an attempt. */
@FlameProcessor('payments', 'payments')
export class PaymentsProcessor extends WorkerHost {
  constructor(private readonly films: FilmsService) {
    super();
  }

  async process(job: FlameJob<{ frames: number[] }>): Promise<{ attempt: number }> {
    if (job.data.frames.length === 0) throw new UnrecoverableError('there is nothing to pay for');
    await job.updateProgress({ pid: process.pid });
    for (let frame = 0; frame < job.data.frames[job.attemptsMade]!; frame++) await this.films.render('', frame);
    return { attempt: job.attemptsMade };
  }
}
