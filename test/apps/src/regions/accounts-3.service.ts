import { Injectable } from '@nestjs/common';
import { OnRegion, RegionRpc } from 'nestjs-flame/rpc';

/** What is left in version 3.0. */
@Injectable()
export class AccountsService {
  constructor(private readonly rpc: RegionRpc) {}

  @OnRegion('primary')
  async openAccount(owner: { name: string }): Promise<string> {
    return `${owner.name} in ${this.rpc.myRegion}`;
  }
}
