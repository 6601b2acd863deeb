import { Inject, Injectable } from '@nestjs/common';
import { OnRegion, RegionRpc } from 'nestjs-flame/rpc';
import { Pool } from 'pg';

export interface Place {
  readonly region: string;
  readonly pid: number;
  /** How many entries the database there has. */
  readonly entries: number;
}

/** Entries that are written where the database is, and read where the reader is. */
@Injectable()
export class LedgerService {
  constructor(
    private readonly rpc: RegionRpc,
    /** The primary database in the primary region, else the replica there. */
    @Inject(Pool) private readonly database: Pool,
  ) {}

  async read(): Promise<Place> {
    const { rows } = await this.database.query<{ entries: number }>('select count(*)::int as entries from entries');
    return { region: this.rpc.myRegion, pid: process.pid, entries: rows[0]!.entries };
  }

  @OnRegion('primary')
  async write(entry: string): Promise<Place> {
    await this.database.query('insert into entries (entry) values ($1)', [entry]);
    return this.read();
  }
}
