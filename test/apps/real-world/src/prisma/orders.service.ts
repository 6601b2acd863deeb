import { ConflictException, Injectable } from '@nestjs/common';
import { OnFlame } from 'nestjs-flame';
import type { Order } from './generated/client.js';
import { PrismaService } from './prisma.service.js';

@Injectable()
export class OrdersService {
  constructor(private readonly prisma: PrismaService) {}

  /** Takes products from the stock and places the order: both, or nothing. */
  @OnFlame('orders')
  async place(productId: number, quantity: number): Promise<{ order: Order; placedBy: number }> {
    return this.prisma.$transaction(async (tx) => {
      const { stock, price } = await tx.product.update({ where: { id: productId }, data: { stock: { decrement: quantity } } });
      const order = await tx.order.create({ data: { productId, quantity, total: price.mul(quantity) } });
      if (stock < 0) throw new ConflictException('out of stock');
      return { order, placedBy: process.pid };
    });
  }

  @OnFlame('orders')
  async stock(productId: number): Promise<number> {
    const { stock } = await this.prisma.product.findUniqueOrThrow({ where: { id: productId } });
    return stock;
  }
}
