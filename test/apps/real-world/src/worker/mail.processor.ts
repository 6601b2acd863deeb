import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Job } from 'bullmq';
import { InvoicesService } from './invoices.service.js';

@Processor('mails')
export class MailProcessor extends WorkerHost {
  constructor(private readonly invoices: InvoicesService) {
    super();
  }

  async process(job: Job<{ order: number }>) {
    return { ...(await this.invoices.render(job.data.order)), consumedBy: process.pid };
  }
}
