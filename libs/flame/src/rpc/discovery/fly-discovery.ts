import { badOption, OptionReader } from '../../core/options/option-reader.js';
import { joinAddress } from './address.js';
import type { Discovery, FoundInstance } from './discovery.js';
import { DnsNames } from './dns-names.js';
import type { DnsOptions } from './dns-names.js';
import { rpcDefaults } from '../rpc-options.js';

export interface FlyDiscoveryOptions extends DnsOptions {
  /** The name of the Fly app. @default FLY_APP_NAME of the environment */
  app?: string;
  /** The port on which all instances listen. @default 7171 */
  port?: number;
}

/**
 * Finds the instances of an app on Fly.io's private network: `regions.<app>.internal` (TXT) lists the regions, and
 * `<region>.<app>.internal` (AAAA) the addresses in each. The instances must listen on IPv6, which they do if the module's `host` is
 * omitted.
 */
export class FlyDiscovery implements Discovery {
  readonly #domain: string;
  readonly #port: number;
  readonly #dns: DnsNames;

  /** @throws {FlameError} FLAME_CONFIG for an invalid option. */
  constructor(options: FlyDiscoveryOptions = {}) {
    const read = new OptionReader(options, 'FlyDiscovery options');
    const app = read.raw('app') === undefined ? process.env['FLY_APP_NAME'] : read.text('app');
    if (!app)
      throw badOption(
        'FlyDiscovery options.app',
        'is missing, and FLY_APP_NAME is not set',
        'Pass the name of the Fly app, or run on Fly.io.',
      );
    this.#domain = `${app}.internal`;
    this.#port = read.count('port', 1, rpcDefaults.port);
    this.#dns = new DnsNames(read);
    read.done();
  }

  find(signal: AbortSignal): Promise<readonly FoundInstance[]> {
    return this.#dns.ask(signal, async (answers) => {
      const texts = await answers.texts(`regions.${this.#domain}`);
      const regions = texts.flatMap((text) => text.split(',')).map((region) => region.trim());
      const found = regions
        .filter((region) => region !== '')
        .map(async (region) =>
          (await answers.addresses(`${region}.${this.#domain}`)).map((host) => ({ address: joinAddress(host, this.#port), region })),
        );
      return (await Promise.all(found)).flat();
    });
  }
}
