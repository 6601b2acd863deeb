import 'reflect-metadata';
import { Controller, Get, Module, Post } from '@nestjs/common';
import type { MiddlewareConsumer, NestModule, OnApplicationShutdown } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameRpcModule, PostgresReplicationClock, RegionRpc } from 'nestjs-flame/rpc';
import { Pool } from 'pg';
import { LedgerService } from './ledger.service.js';
import type { Place } from './ledger.service.js';

@Controller()
class LedgerController {
  constructor(
    private readonly ledger: LedgerService,
    private readonly rpc: RegionRpc,
  ) {}

  @Get('regions')
  regions(): readonly string[] {
    return this.rpc.regions();
  }

  @Get('entries')
  read(): Promise<Place> {
    return this.ledger.read();
  }

  @Post('entries')
  write(): Promise<Place> {
    return this.ledger.write('an entry');
  }

  @Post('awaited-entries')
  writeAndAwait(): Promise<Place> {
    return this.rpc.onPrimary(LedgerService, { awaitReplica: true }).write('an entry');
  }
}

const database = new Pool({ connectionString: process.env['DATABASE_URL'] });

@Module({
  imports: [
    FlameRpcModule.forRoot({
      discovery: (process.env['INSTANCES'] ?? '').split(','),
      host: '127.0.0.1',
      port: Number(process.env['RPC_PORT']),
      refreshEvery: 500,
      replicationClock: PostgresReplicationClock.pg(database),
    }),
  ],
  controllers: [LedgerController],
  providers: [LedgerService, { provide: Pool, useValue: database }],
})
class AppModule implements NestModule, OnApplicationShutdown {
  constructor(private readonly rpc: RegionRpc) {}

  configure(consumer: MiddlewareConsumer): void {
    const session = this.rpc.session({ secret: process.env['SESSION_SECRET'] ?? '' });
    consumer.apply(session.middleware).forRoutes('{*path}');
  }

  async onApplicationShutdown(): Promise<void> {
    await database.end();
  }
}

const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
console.log(`listens on ${await app.getUrl()}`);
