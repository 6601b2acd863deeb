import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { FlameModule, ProcessBackend } from 'nestjs-flame';
import { FilmsService } from './films.service.js';
import { PaymentsProcessor } from './payments.processor.js';
import { RendersProcessor } from './renders.processor.js';

@Module({
  imports: [
    FlameModule.forRoot(
      [
        { name: 'films', max: 2, maxConcurrency: 1, shutdownTimeout: 5_000 },
        { name: 'payments', max: 1 },
      ],
      { backend: new ProcessBackend() },
    ),
    BullModule.forRoot({ connection: { host: '127.0.0.1', port: Number(process.env.REDIS_PORT) } }),
    BullModule.registerQueue({ name: 'renders' }, { name: 'payments' }),
  ],
  providers: [FilmsService, RendersProcessor, PaymentsProcessor],
})
export class AppModule {}
