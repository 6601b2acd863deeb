import { Injectable } from '@nestjs/common';
import { OnFlame } from 'nestjs-flame';
import { TenantDatabases } from './tenant-databases.js';

@Injectable()
export class InvoicesService {
  constructor(private readonly databases: TenantDatabases) {}

  @OnFlame('invoices')
  async create(amount: number): Promise<{ database: string; amount: number; pid: number }> {
    const { rows } = await this.databases.current.query(
      'insert into invoice (amount) values ($1) returning current_database() as database, amount',
      [amount],
    );
    return { ...rows[0], pid: process.pid };
  }

  @OnFlame('invoices')
  async *amounts(): AsyncGenerator<number> {
    for (let page = 0; ; page++) {
      const { rows } = await this.databases.current.query('select amount from invoice order by amount limit 5 offset $1', [page * 5]);
      if (rows.length === 0) return;
      yield* rows.map((row) => row.amount);
    }
  }
}
