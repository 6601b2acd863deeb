import { Injectable } from '@nestjs/common';
import { OnRegion, RegionRpc } from 'nestjs-flame/rpc';

export interface Place {
  readonly region: string;
  readonly pid: number;
}

/** Entries that are written where the database is, and read where the reader is. */
@Injectable()
export class LedgerService {
  /** Stands for a writable database in the primary region. */
  readonly #entries: string[] = [];

  constructor(private readonly rpc: RegionRpc) {}

  /** From a replica next to the reader. */
  async read(): Promise<Place> {
    return this.#here();
  }

  @OnRegion('primary')
  async write(entry: string): Promise<Place & { entries: number }> {
    this.#entries.push(entry);
    return { ...this.#here(), entries: this.#entries.length };
  }

  #here(): Place {
    return { region: this.rpc.myRegion, pid: process.pid };
  }
}
