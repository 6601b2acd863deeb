import { readAddress } from './address.js';
import type { Discovery, FoundInstance } from './discovery.js';

/**
 * A list that does not change: `new StaticDiscovery(['10.0.0.4:7171', '[fdaa::3]:7171'])`. Fewer need not be there, and they may come and
 * go.
 */
export class StaticDiscovery implements Discovery {
  readonly #found: readonly FoundInstance[];

  /** @throws {FlameError} FLAME_CONFIG for what is no `host:port`. */
  constructor(addresses: readonly string[]) {
    this.#found = addresses.map((address, place) => ({ address: readAddress(address, `StaticDiscovery addresses[${place}]`) }));
  }

  async find(): Promise<readonly FoundInstance[]> {
    return this.#found;
  }
}
