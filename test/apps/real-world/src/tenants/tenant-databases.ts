import { Injectable, OnModuleDestroy } from '@nestjs/common';
import { ClsService } from 'nestjs-cls';
import { FlameParent } from 'nestjs-flame';
import { Pool } from 'pg';

/** A database for each tenant, in requests and on runners alike. */
@Injectable()
export class TenantDatabases implements OnModuleDestroy {
  readonly #pools = new Map<string, Pool>();

  constructor(private readonly cls: ClsService) {}

  /** The database of the tenant for whom the current code runs. */
  get current(): Pool {
    const tenant = this.cls.get<string | undefined>('tenant');
    if (!tenant) throw new Error('there is no tenant here: call this from a request, or from a handler that a request called');
    const known = this.#pools.get(tenant);
    if (known) return known;
    const url = new URL(process.env.DATABASE_URL!);
    url.pathname = tenant;
    const pool = new Pool({ connectionString: url.href, max: FlameParent.choose({ parent: 10, runner: 2 }) });
    this.#pools.set(tenant, pool);
    return pool;
  }

  async onModuleDestroy() {
    await Promise.all(Array.from(this.#pools.values(), (pool) => pool.end()));
  }
}
