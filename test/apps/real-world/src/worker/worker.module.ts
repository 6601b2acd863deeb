import { BullModule } from '@nestjs/bull';
import { BullModule as BullMqModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { FlameModule, FlameParent, ProcessBackend } from 'nestjs-flame';
import { InvoicesService } from './invoices.service.js';
import { MailProcessor } from './mail.processor.js';
import { OrderJobsService } from './order-jobs.service.js';
import { redis } from './redis.js';
import { SnapshotProcessor } from './snapshot.processor.js';

const consumers = [MailProcessor, SnapshotProcessor];

@Module({
  imports: [
    FlameModule.forRoot([{ name: 'documents', min: 1, max: 1 }], { backend: new ProcessBackend() }),
    BullModule.forRoot({ redis }),
    BullModule.registerQueue({ name: 'portfolio-snapshots' }),
    BullMqModule.forRoot({ connection: redis }),
    BullMqModule.registerQueue({ name: 'mails' }),
  ],
  providers: [
    InvoicesService,
    OrderJobsService,
    ...(process.env.CONSUMERS === 'everywhere' ? consumers : FlameParent.unlessRunner(consumers)),
  ],
})
export class WorkerModule {}
