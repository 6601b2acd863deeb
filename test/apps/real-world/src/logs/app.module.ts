import { Module } from '@nestjs/common';
import { FlameModule, FlameParent, ProcessBackend } from 'nestjs-flame';
import { LoggerModule } from 'nestjs-pino';
import { ReportsController } from './reports.controller.js';
import { ReportsService } from './reports.service.js';

@Module({
  imports: [
    LoggerModule.forRoot({ pinoHttp: { level: 'trace' } }),
    FlameModule.forRoot([{ name: 'reports', max: 1, log: 'log', logStartup: true }], { backend: new ProcessBackend() }),
  ],
  controllers: FlameParent.unlessRunner([ReportsController]),
  providers: [ReportsService],
})
export class AppModule {}
