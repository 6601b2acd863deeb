import { Injectable } from '@nestjs/common';
import { OnRegion, RegionRpc } from 'nestjs-flame/rpc';

/** What the instances of version 1.0 have. */
@Injectable()
export class AccountsService {
  constructor(private readonly rpc: RegionRpc) {}

  @OnRegion('primary')
  async open(name: string): Promise<string> {
    return `${name} in ${this.rpc.myRegion}`;
  }
}
