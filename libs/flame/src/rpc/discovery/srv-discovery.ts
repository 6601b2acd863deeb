import { OptionReader } from '../../core/options/option-reader.js';
import { joinAddress } from './address.js';
import type { Discovery, FoundInstance } from './discovery.js';
import { DnsNames } from './dns-names.js';
import type { DnsOptions } from './dns-names.js';

export interface SrvDiscoveryOptions extends DnsOptions {
  /** The fully qualified name of the SRV records: `_rpc._tcp.app.shop.svc.cluster.local`. */
  name: string;
}

/** Finds the instances that SRV records list, each with its port. */
export class SrvDiscovery implements Discovery {
  readonly #name: string;
  readonly #dns: DnsNames;

  /** @throws {FlameError} FLAME_CONFIG for an invalid option. */
  constructor(options: SrvDiscoveryOptions) {
    const read = new OptionReader(options, 'SrvDiscovery options');
    this.#name = read.text('name');
    this.#dns = new DnsNames(read);
    read.done();
  }

  find(signal: AbortSignal): Promise<readonly FoundInstance[]> {
    return this.#dns.ask(signal, async (answers) => {
      const records = await answers.srv(this.#name);
      const found = records.map(async ({ name, port }) =>
        (await answers.addresses(name)).map((host) => ({ address: joinAddress(host, port) })),
      );
      return (await Promise.all(found)).flat();
    });
  }
}
