import { Resolver } from 'node:dns/promises';
import { OptionReader, show } from '../../core/options/option-reader.js';

/** What all discoveries by DNS take. */
export interface DnsOptions {
  /**
   * The servers to ask, `address` or `address:port`.
   *
   * @default those of the system
   */
  servers?: readonly string[];
}

/** Answers that say that there is nothing, and not that something is wrong. */
const nothing = new Set(['ENOTFOUND', 'ENODATA']);

/** Asks DNS itself, past the system's caches and files. A name that is not there is an empty answer. */
export class DnsNames {
  readonly #servers: readonly string[] | undefined;

  constructor(read: OptionReader) {
    const servers = read.raw('servers');
    if (servers !== undefined && !(Array.isArray(servers) && servers.every((server) => typeof server === 'string')))
      throw read.refuse('servers', `must be a list of addresses, but is ${show(servers)}`, "Give for example ['fdaa::3'].");
    this.#servers = servers as string[] | undefined;
  }

  /** Asks until `signal` aborts. */
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

/** The answers to one look round. */
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

  /** The texts of a name, each in one piece. */
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
