import { Process, Processor } from '@nestjs/bull';
import type { Job } from 'bull';
import { InvoicesService } from './invoices.service.js';

@Processor('portfolio-snapshots')
export class SnapshotProcessor {
  constructor(private readonly invoices: InvoicesService) {}

  @Process({ name: 'compute', concurrency: 1 })
  async compute(job: Job<{ order: number }>) {
    return { ...(await this.invoices.render(job.data.order)), consumedBy: process.pid };
  }
}
