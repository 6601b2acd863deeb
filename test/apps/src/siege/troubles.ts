import { setTimeout as sleep } from 'node:timers/promises';
import type { FlamePool } from 'nestjs-flame';
import type { Dice } from './dice.js';
import type { Ledger } from './ledger.js';
import { reconnectTimeout } from './orders.js';
import type { SiegeWork } from './siege-work.js';

/** What troubles are made with. */
export interface TroubleSetup {
  readonly dice: Dice;
  readonly pool: FlamePool;
  readonly work: SiegeWork;
  readonly ledger: Ledger;
  /** The runner processes that are alive. */
  readonly alive: ReadonlySet<number>;
  /** A command for the wire between the parent's network and the runners'; undefined where there is none. */
  readonly wire?: (command: string) => void;
}

/** Makes trouble of all kinds at random moments, and counts it. Each trouble is over when its promise resolves. */
export class Troubles {
  readonly counts: Record<string, number> = {};
  readonly #setup: TroubleSetup;
  readonly #kinds: Record<string, () => Promise<void> | void>;
  readonly #underWay = new Set<Promise<void>>();

  constructor(setup: TroubleSetup) {
    this.#setup = setup;
    const signal = (name: NodeJS.Signals) => (): void => this.#strike((pid) => process.kill(pid, name));
    this.#kinds = {
      'runner killed (SIGKILL)': signal('SIGKILL'),
      'runner told to go (SIGTERM)': signal('SIGTERM'),
      'runner stopped for longer than reconnectTimeout (SIGSTOP)': () => this.#freeze(),
      'runner out of memory': () => this.#call((call) => this.#setup.work.hogs(call)),
      "runner's event loop blocked": () => this.#call((call) => this.#setup.work.blocks(call)),
      "parent's event loop blocked": () => this.#block(),
      'pool resized': () => this.#resize(),
      ...(setup.wire && this.#wireTroubles(setup.wire)),
    };
  }

  /** One trouble, which may take its time. */
  make(): void {
    const kind = this.#setup.dice.pick(Object.keys(this.#kinds));
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    const trouble = (async () => this.#kinds[kind]!())();
    this.#underWay.add(trouble);
    void trouble.finally(() => this.#underWay.delete(trouble));
  }

  /** Resolves when what was begun has come to its end. */
  async over(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#setup.pool.resize({ min: 0, max: 4 });
  }

  #strike(blow: (pid: number) => void): void {
    const { alive, dice } = this.#setup;
    if (alive.size === 0) return;
    try {
      blow(dice.pick([...alive]));
    } catch (error) {
      // It went by itself, a moment ago.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  async #freeze(): Promise<void> {
    let frozen: number | undefined;
    this.#strike((pid) => process.kill((frozen = pid), 'SIGSTOP'));
    await sleep(reconnectTimeout + this.#setup.dice.below(4_000));
    if (frozen !== undefined && this.#setup.alive.has(frozen)) process.kill(frozen, 'SIGCONT');
  }

  /** Some of these calls settle with an error, which the ledger books. */
  async #call(make: (call: number) => Promise<number>): Promise<void> {
    await this.#setup.ledger.book(async (call) => (await make(call)) === call);
  }

  #block(): void {
    const end = Date.now() + 500 + this.#setup.dice.below(reconnectTimeout + 1_000);
    while (Date.now() < end);
  }

  #resize(): void {
    const max = 1 + this.#setup.dice.below(4);
    this.#setup.pool.resize({ min: this.#setup.dice.below(max + 1), max });
  }

  #wireTroubles(wire: (command: string) => void): Record<string, () => Promise<void>> {
    const during = (begin: string, end: string, least: number, most: number) => async (): Promise<void> => {
      wire(begin);
      await sleep(least + this.#setup.dice.below(most - least));
      wire(end);
    };
    return {
      'partition, shorter than reconnectTimeout': during('cut on', 'cut off', 100, reconnectTimeout - 500),
      'partition, longer than reconnectTimeout': during('cut on', 'cut off', reconnectTimeout + 1_000, reconnectTimeout + 5_000),
      'partition, from the parent only': during('cut ab', 'cut off', 500, reconnectTimeout + 3_000),
      'partition, from the runners only': during('cut ba', 'cut off', 500, reconnectTimeout + 3_000),
      'delay of 150 ms': during('delay 150', 'delay 0', 2_000, 6_000),
      'loss of 10 %': during('loss 10', 'loss 0', 2_000, 6_000),
    };
  }
}
