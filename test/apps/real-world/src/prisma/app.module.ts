import { Module } from '@nestjs/common';
import { FlameModule, ProcessBackend } from 'nestjs-flame';
import { Prisma } from './generated/client.js';
import { OrdersController } from './orders.controller.js';
import { OrdersService } from './orders.service.js';
import { PrismaService } from './prisma.service.js';

@Module({
  imports: [
    FlameModule.forRoot([{ name: 'orders', max: 1 }], {
      backend: new ProcessBackend(),
      classes: [
        Prisma.PrismaClientKnownRequestError,
        {
          type: Prisma.Decimal,
          encode: (value: Prisma.Decimal) => value.toFixed(),
          decode: (digits: string) => new Prisma.Decimal(digits),
        },
      ],
    }),
  ],
  controllers: [OrdersController],
  providers: [PrismaService, OrdersService],
})
export class AppModule {}
