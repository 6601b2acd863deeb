import { Module } from '@nestjs/common';
import { FlameModule, ProcessBackend } from 'nestjs-flame';
import { OrdersController } from './orders.controller.js';
import { OrdersService } from './orders.service.js';
import { prismaClasses } from './prisma-classes.js';
import { PrismaService } from './prisma.service.js';

@Module({
  imports: [
    FlameModule.forRoot([{ name: 'orders', max: 1 }], {
      backend: new ProcessBackend(),
      classes: prismaClasses,
    }),
  ],
  controllers: [OrdersController],
  providers: [PrismaService, OrdersService],
})
export class AppModule {}
