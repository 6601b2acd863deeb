import { Controller, Get, Param, ParseIntPipe, Post, UseFilters } from '@nestjs/common';
import { NotFoundFilter } from './not-found.filter.js';
import { OrdersService } from './orders.service.js';

@Controller('products/:id')
@UseFilters(NotFoundFilter)
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Post('orders/:quantity')
  async place(@Param('id', ParseIntPipe) id: number, @Param('quantity', ParseIntPipe) quantity: number) {
    const { order, placedBy } = await this.orders.place(id, quantity);
    return { ...order, vat: order.total.mul('0.19').toFixed(2), placedBy, year: order.placedAt.getFullYear() };
  }

  @Get('stock')
  stock(@Param('id', ParseIntPipe) id: number): Promise<number> {
    return this.orders.stock(id);
  }
}
