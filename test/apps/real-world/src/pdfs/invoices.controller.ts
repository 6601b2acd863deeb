import { Controller, Get, Param, StreamableFile } from '@nestjs/common';
import { InvoicesService } from './invoices.service.js';

@Controller('invoices')
export class InvoicesController {
  constructor(private readonly invoices: InvoicesService) {}

  @Get(':customer')
  async pdf(@Param('customer') customer: string) {
    return new StreamableFile(await this.invoices.pdf(customer), { type: 'application/pdf' });
  }
}
