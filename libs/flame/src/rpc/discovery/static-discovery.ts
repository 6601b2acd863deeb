import { readAddress } from './address.js';
import type { Discovery, FoundInstance } from './discovery.js';

/** A fixed list: `new StaticDiscovery(['10.0.0.4:7171', '[fdaa::3]:7171'])`. Instances in the list may be down, and may come and go. */
export class StaticDiscovery implements Discovery {
  readonly #found: readonly FoundInstance[];

  /** @throws {FlameError} FLAME_CONFIG if an address is not a `host:port`. */
  constructor(addresses: readonly string[]) {
    this.#found = addresses.map((address, index) => ({ address: readAddress(address, `StaticDiscovery addresses[${index}]`) }));
  }

  async find(): Promise<readonly FoundInstance[]> {
    return this.#found;
  }
}
