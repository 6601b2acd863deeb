import 'reflect-metadata';
import { BullModule, Process, Processor } from '@nestjs/bull';
import { Injectable, Module } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Worker } from 'bullmq';
import { FlameModule, FlameParent, OnFlame, ProcessBackend } from 'nestjs-flame';

// An app that consumes queues and changes its database's schema, in runners too unless SOURCES=parent; REDIS_PORT is a Redis, IDLE how long runners idle.
const redis = { host: '127.0.0.1', port: Number(process.env['REDIS_PORT']) };
const everywhere = process.env['SOURCES'] !== 'parent';
const here = everywhere || !FlameParent.get();

@Processor('mails')
class MailsProcessor {
  @Process()
  async send(): Promise<void> {}
}

/** A consumer made by hand. */
@Injectable()
class Reports implements OnApplicationShutdown {
  readonly #worker: Worker | undefined = here ? new Worker('reports', async () => undefined, { connection: redis }) : undefined;
  private readonly worker = this.#worker;

  async onApplicationShutdown(): Promise<void> {
    await this.worker?.close();
  }
}

/** As much of a driver as it takes for a data source that is not opened. */
const driver = { Pool: class {}, types: {} };

@Injectable()
class Work {
  @OnFlame('work')
  async pid(): Promise<number> {
    return process.pid;
  }
}

@Module({
  imports: [
    FlameModule.forRoot([{ name: 'work', max: 1, idleShutdownAfter: Number(process.env['IDLE'] ?? 30_000) }], {
      backend: new ProcessBackend(),
    }),
    BullModule.forRoot({ redis }),
    BullModule.registerQueue({ name: 'mails' }),
    TypeOrmModule.forRoot({ type: 'postgres', driver, manualInitialization: true, synchronize: here, migrationsRun: here }),
  ],
  providers: [Work, Reports, ...(here ? [MailsProcessor] : [])],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule);
app.enableShutdownHooks();
console.log(`called ${await app.get(Work).pid()}`);
