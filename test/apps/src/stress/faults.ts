import { setTimeout as sleep } from 'node:timers/promises';
import type { FlamePool } from 'nestjs-flame';
import type { Dice } from './dice.js';
import type { FarHost } from './far-host.js';
import type { Ledger } from './ledger.js';
import { reconnectTimeout } from './stress-options.js';
import type { StressWork } from './stress-work.js';

/** What faults are made with and applied to. */
export interface FaultSetup {
  readonly dice: Dice;
  readonly pool: FlamePool;
  readonly work: StressWork;
  readonly ledger: Ledger;
  /** The runner processes that are alive. */
  readonly alive: ReadonlySet<number>;
  /** Whose wires are cut; none where runners live on this host. */
  readonly hosts: readonly FarHost[];
}

/** Makes faults of all kinds at random moments, each kind as often as the others, and counts it. */
export class Faults {
  readonly counts: Record<string, number> = {};
  readonly #setup: FaultSetup;
  readonly #kinds: Record<string, () => Promise<void> | void>;
  readonly #underWay = new Set<Promise<void>>();
  /** Kinds that are due before any comes again. */
  #due: string[] = [];

  constructor(setup: FaultSetup) {
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
      ...(setup.hosts.length > 0 && this.#networkFaults(setup.hosts)),
    };
  }

  /** Whether each kind was made. */
  get ofEveryKind(): boolean {
    return Object.keys(this.#kinds).every((kind) => this.counts[kind] !== undefined);
  }

  /** One fault, which may take its time. */
  make(): void {
    if (this.#due.length === 0) this.#due = Object.keys(this.#kinds);
    const [kind] = this.#due.splice(this.#setup.dice.below(this.#due.length), 1) as [string];
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    const fault = (async () => this.#kinds[kind]!())();
    this.#underWay.add(fault);
    void fault.finally(() => this.#underWay.delete(fault));
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
    await this.#setup.ledger.record(async (call) => (await make(call)) === call);
  }

  #block(): void {
    const end = Date.now() + 500 + this.#setup.dice.below(reconnectTimeout + 1_000);
    while (Date.now() < end);
  }

  #resize(): void {
    const max = 1 + this.#setup.dice.below(4);
    this.#setup.pool.resize({ min: this.#setup.dice.below(max + 1), max });
  }

  /** What is done to a wire is over before the next thing is done to it. */
  #networkFaults(hosts: readonly FarHost[]): Record<string, () => Promise<void>> {
    const { dice } = this.#setup;
    const during = (begin: string, end: string, least: number, most: number) => (): Promise<void> => {
      const host = dice.pick(hosts);
      return host.alone(async () => {
        await host.order(begin);
        await sleep(least + dice.below(most - least));
        await host.order(end);
      });
    };
    return {
      'partition, shorter than reconnectTimeout': during('cut on', 'cut off', 100, reconnectTimeout - 500),
      'partition, longer than reconnectTimeout': during('cut on', 'cut off', reconnectTimeout + 1_000, reconnectTimeout + 5_000),
      'partition, from the parent only': during('cut ab', 'cut off', 500, reconnectTimeout + 3_000),
      'partition, from the runners only': during('cut ba', 'cut off', 500, reconnectTimeout + 3_000),
      'delay of 150 ms': during('delay 150', 'delay 0', 2_000, 6_000),
      'loss of 10 %': during('loss 10', 'loss 0', 2_000, 6_000),
      'connections reset': () => dice.pick(hosts).reset(),
    };
  }
}
