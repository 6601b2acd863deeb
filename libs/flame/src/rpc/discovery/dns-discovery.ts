import { OptionReader } from '../../core/options/option-reader.js';
import { joinAddress } from './address.js';
import type { Discovery, FoundInstance } from './discovery.js';
import { DnsNames } from './dns-names.js';
import type { DnsOptions } from './dns-names.js';
import { rpcDefaults } from '../rpc-options.js';

export interface DnsDiscoveryOptions extends DnsOptions {
  /** The fully qualified name whose records contain the address of every instance. Search domains are not tried. */
  name: string;
  /** The port on which all instances listen. @default 7171 */
  port?: number;
}

/**
 * Finds instances by the A and AAAA records of one name: a Kubernetes headless service (`new DnsDiscovery({ name:
 * 'app.shop.svc.cluster.local' })`), or the alias of a Docker network.
 */
export class DnsDiscovery implements Discovery {
  readonly #name: string;
  readonly #port: number;
  readonly #dns: DnsNames;

  /** @throws {FlameError} FLAME_CONFIG for an invalid option. */
  constructor(options: DnsDiscoveryOptions) {
    const read = new OptionReader(options, 'DnsDiscovery options');
    this.#name = read.text('name');
    this.#port = read.count('port', 1, rpcDefaults.port);
    this.#dns = new DnsNames(read);
    read.done();
  }

  async find(signal: AbortSignal): Promise<readonly FoundInstance[]> {
    const hosts = await this.#dns.ask(signal, (answers) => answers.addresses(this.#name));
    return hosts.map((host) => ({ address: joinAddress(host, this.#port) }));
  }
}
