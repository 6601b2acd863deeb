import { Injectable, OnModuleDestroy } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { FlameParent } from 'nestjs-flame';
import { PrismaClient } from './generated/client.js';

@Injectable()
export class PrismaService extends PrismaClient implements OnModuleDestroy {
  constructor() {
    const adapter = new PrismaPg({
      connectionString: process.env.DATABASE_URL,
      application_name: FlameParent.choose({ parent: 'shop', runner: 'shop-runner' }), // as pg_stat_activity shows it
      max: FlameParent.choose({ parent: 10, runner: 2 }), // connections of each process
    });
    // Prisma's own limits are 2 and 5 seconds. The second is below handlerTimeout, which cannot end a query.
    super({ adapter, transactionOptions: { maxWait: 10_000, timeout: 20_000 } });
  }

  async onModuleDestroy() {
    await this.$disconnect();
  }
}
