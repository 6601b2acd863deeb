import { Injectable, OnApplicationShutdown } from '@nestjs/common';
import { Worker } from 'bullmq';
import { InvoicesService } from './invoices.service.js';
import { redis } from './redis.js';

/** The shop's job queue. It consumes once the worker's entry says so. */
@Injectable()
export class OrderJobsService implements OnApplicationShutdown {
  private worker?: Worker;

  constructor(private readonly invoices: InvoicesService) {}

  async start(): Promise<void> {
    this.worker = new Worker('orders', async (job) => ({ ...(await this.invoices.render(job.data.order)), consumedBy: process.pid }), {
      connection: redis,
    });
    await this.worker.waitUntilReady();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.worker?.close();
  }
}
