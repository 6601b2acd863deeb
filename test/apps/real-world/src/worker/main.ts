import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { OrderJobsService } from './order-jobs.service.js';
import { WorkerModule } from './worker.module.js';

async function bootstrapWorker() {
  const worker = await NestFactory.createApplicationContext(WorkerModule);
  worker.enableShutdownHooks();
  return worker;
}

bootstrapWorker()
  .then(async (worker) => {
    await worker.get(OrderJobsService).start();
    console.log(`Worker ${process.pid} consumes jobs`);
  })
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
