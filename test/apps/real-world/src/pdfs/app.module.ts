import { Module } from '@nestjs/common';
import { FlameModule, ProcessBackend } from 'nestjs-flame';
import { Browser } from './browser.js';
import { InvoicesController } from './invoices.controller.js';
import { InvoicesService } from './invoices.service.js';

@Module({
  imports: [
    FlameModule.forRoot([{ name: 'pdfs', max: 2, maxConcurrency: 4, log: 'log' }], { backend: new ProcessBackend(), linkToRequest: true }),
  ],
  controllers: [InvoicesController],
  providers: [InvoicesService, Browser],
})
export class AppModule {}
