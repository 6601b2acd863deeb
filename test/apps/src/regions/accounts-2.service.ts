import { Injectable } from '@nestjs/common';
import { OnRegion, RegionRpc } from 'nestjs-flame/rpc';

// Step one of a rename: the new method beside the old one, which goes on answering old instances.
@Injectable()
export class AccountsService {
  constructor(private readonly rpc: RegionRpc) {}

  @OnRegion('primary')
  async openAccount(owner: { name: string }): Promise<string> {
    return `${owner.name} in ${this.rpc.myRegion}`;
  }

  /** @deprecated since 2.0: for instances that still have 1.0; to be removed by the deploy after this one. */
  @OnRegion('primary')
  async open(name: string): Promise<string> {
    return this.openAccount({ name });
  }
}
