import { ConflictException, Injectable } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { OnRegion, RegionRpc } from 'nestjs-flame/rpc';
import type { FlameRpcOptions } from 'nestjs-flame/rpc';
import { until } from './process-table.js';
import { Regions } from './regions.js';
import { LoggedReplica, ReplicatedLog } from './replicated-log.js';

/** The log of the primary region's database, which the last world made. */
export const log = { current: new ReplicatedLog() };

/** Writes to that log, with each kind of wait. */
@Injectable()
export class Ledger {
  @OnRegion('primary', { awaitReplica: true })
  async write(): Promise<number> {
    return ++log.current.written;
  }

  @OnRegion('primary')
  async plain(): Promise<number> {
    return ++log.current.written;
  }

  @OnRegion('primary', { awaitReplica: { timeout: 50 } })
  async hasty(): Promise<string> {
    return `written ${++log.current.written}`;
  }

  @OnRegion('primary', { awaitReplica: { timeout: 50, onTimeout: 'return' } })
  async lenient(): Promise<number> {
    return ++log.current.written;
  }

  @OnRegion('primary', { awaitReplica: true, timeout: 300 })
  async limited(): Promise<number> {
    return ++log.current.written;
  }

  @OnRegion('primary', { awaitReplica: true })
  async refuse(): Promise<void> {
    log.current.written++;
    throw new ConflictException('twice');
  }

  @OnRegion('primary', { awaitReplica: { timeout: 200 } })
  async *items(): AsyncGenerator<number> {
    yield 1;
    log.current.written++;
    yield 2;
  }

  @OnRegion('primary', { awaitReplica: { timeout: 200, onTimeout: 'return' } })
  async nested(): Promise<{ before: number; rest: AsyncIterable<number> }> {
    return { before: ++log.current.written, rest: this.#later() };
  }

  async *#later(): AsyncGenerator<number> {
    log.current.written++;
    yield 1;
  }

  @OnRegion(([region]: [string]) => region, { awaitReplica: true })
  async anywhere(_region: string): Promise<void> {}
}

/** The same service in an older version of the app. */
export const older = (() => {
  @Injectable()
  class Ledger {
    @OnRegion('primary')
    async plain(): Promise<number> {
      return ++log.current.written;
    }

    @OnRegion('primary')
    async lenient(): Promise<number> {
      return ++log.current.written;
    }
  }
  return Ledger;
})();

/** An instance in the primary region, and one in another, that see each other. */
export class LedgerWorld {
  readonly regions = new Regions();
  readonly replica = new LoggedReplica();
  primary!: TestingModule;
  far!: TestingModule;
  ledger!: Ledger;
  rpc!: RegionRpc;

  static async start(primary: FlameRpcOptions = { replicationClock: (log.current = new ReplicatedLog()) }): Promise<LedgerWorld> {
    const world = new LedgerWorld();
    log.current.written = 0;
    world.primary = await world.regions.start('syd', { providers: [primary.replicationClock ? Ledger : older] }, primary);
    world.far = await world.regions.start('hkg', { providers: [Ledger] }, { replicationClock: world.replica });
    world.ledger = world.far.get(Ledger);
    world.rpc = world.far.get(RegionRpc);
    await world.regions.see(world.far, 2);
    return world;
  }

  /** Waits for the first wait for the replica. */
  async waits(): Promise<void> {
    await until(() => this.replica.waiting.size > 0);
  }
}
