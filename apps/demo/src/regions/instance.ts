import 'reflect-metadata';
import { Controller, Get, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameRpcModule, RegionRpc } from 'nestjs-flame/rpc';
import { LedgerService } from './ledger.service.js';

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
  read(): ReturnType<LedgerService['read']> {
    return this.ledger.read();
  }

  @Post('entries')
  write(): ReturnType<LedgerService['write']> {
    return this.ledger.write('an entry');
  }
}

@Module({
  imports: [
    FlameRpcModule.forRoot({
      discovery: (process.env['INSTANCES'] ?? '').split(','),
      host: '127.0.0.1',
      port: Number(process.env['RPC_PORT']),
      refreshEvery: 500,
    }),
  ],
  controllers: [LedgerController],
  providers: [LedgerService],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
console.log(`listens on ${await app.getUrl()}`);
