import { Body, Controller, Get, Post } from '@nestjs/common';
import { InvoicesService } from './invoices.service.js';

@Controller('invoices')
export class InvoicesController {
  constructor(private readonly invoices: InvoicesService) {}

  @Post()
  create(@Body('amount') amount: number) {
    return this.invoices.create(amount);
  }

  @Get()
  async amounts() {
    const amounts: number[] = [];
    for await (const amount of this.invoices.amounts()) amounts.push(amount);
    return amounts;
  }
}
