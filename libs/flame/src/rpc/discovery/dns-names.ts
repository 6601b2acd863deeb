import { Resolver } from 'node:dns/promises';
import { OptionReader, show } from '../../core/options/option-reader.js';

/** Options of all DNS discoveries. */
export interface DnsOptions {
  /**
   * The DNS servers, as `address` or `address:port`.
   *
   * @default those of the system
   */
  servers?: readonly string[];
}

/** Error codes for a name without records, which is not a failure. */
const nothing = new Set(['ENOTFOUND', 'ENODATA']);

/** Queries DNS servers directly, without the system's caches and hosts file. A name that does not exist gives an empty answer. */
export class DnsNames {
  readonly #servers: readonly string[] | undefined;

  constructor(read: OptionReader) {
    const servers = read.raw('servers');
    if (servers !== undefined && !(Array.isArray(servers) && servers.every((server) => typeof server === 'string')))
      throw read.refuse('servers', `must be a list of addresses, but is ${show(servers)}`, "Pass for example ['fdaa::3'].");
    this.#servers = servers as string[] | undefined;
  }

  /** Runs queries; `signal` cancels them. */
  async ask<T>(signal: AbortSignal, questions: (answers: DnsAnswers) => Promise<T>): Promise<T> {
    const resolver = new Resolver({ timeout: 1_000, tries: 2 });
    if (this.#servers) resolver.setServers(this.#servers);
    const cancel = (): void => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await questions(new DnsAnswers(resolver));
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }
}

/** The queries of one discovery. */
export class DnsAnswers {
  readonly #resolver: Resolver;

  constructor(resolver: Resolver) {
    this.#resolver = resolver;
  }

  /** All IPv6 and IPv4 addresses of a name. */
  async addresses(name: string): Promise<string[]> {
    const [six, four] = await Promise.all([orNothing(this.#resolver.resolve6(name)), orNothing(this.#resolver.resolve4(name))]);
    return [...six, ...four];
  }

  srv(name: string): Promise<{ name: string; port: number }[]> {
    return orNothing(this.#resolver.resolveSrv(name));
  }

  /** The TXT records of a name, each joined into one string. */
  async texts(name: string): Promise<string[]> {
    return (await orNothing(this.#resolver.resolveTxt(name))).map((pieces) => pieces.join(''));
  }
}

async function orNothing<T>(answer: Promise<T[]>): Promise<T[]> {
  try {
    return await answer;
  } catch (error) {
    if (nothing.has((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
