import { Inject, Injectable, Module, NotFoundException, Scope } from '@nestjs/common';
import type { DynamicModule, OnModuleDestroy } from '@nestjs/common';
import { FlameCall, FlameModule, LocalBackend, OnFlame } from 'nestjs-flame';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { failure } from '../../../../test/support/failure.js';
import { logged, startApp } from '../../../../test/support/nest-app.js';
import { until } from '../../../../test/support/process-table.js';
import { ownHost, Regions, secret } from '../../../../test/support/regions.js';
import { FlameRpcModule } from './flame-rpc.module.js';
import type { FlameRpcOptionsFactory } from './flame-rpc.module.js';
import { OnRegion } from './on-region.decorator.js';
import { RegionRpc } from './region-rpc.service.js';
import type { FlameRpcOptions } from './rpc-options.js';

@Injectable()
class Notes {
  readonly written: string[] = [];

  constructor(readonly rpc: RegionRpc) {}

  @OnRegion('primary')
  async write(text: string): Promise<string> {
    this.written.push(text);
    return `${text} in ${this.rpc.myRegion}`;
  }

  @OnRegion('hkg')
  async read(): Promise<string> {
    return this.rpc.myRegion;
  }

  @OnRegion(([region]: [string]) => region)
  async where(_region: string): Promise<string> {
    return this.rpc.myRegion;
  }

  @OnRegion('primary')
  async fail(): Promise<never> {
    throw new NotFoundException('no such note');
  }

  @OnRegion('primary', { timeout: 200 })
  async slow(): Promise<void> {
    const { signal } = FlameCall.current()!;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    this.written.push('aborted');
  }

  @OnRegion('primary')
  async *count(to: number): AsyncGenerator<number> {
    for (let i = 1; i <= to; i++) yield i;
  }

  async undecorated(): Promise<string> {
    return this.rpc.myRegion;
  }
}

const notes = { providers: [Notes] };

/** Two apps, one in the primary region and one far away, that see each other. */
async function pair(): Promise<{ syd: Notes; hkg: Notes; regions: Regions }> {
  const regions = new Regions();
  const [syd, hkg] = [await regions.start('syd', notes), await regions.start('hkg', notes)];
  await Promise.all([regions.see(syd, 2), regions.see(hkg, 2)]);
  return { syd: syd.get(Notes), hkg: hkg.get(Notes), regions };
}

describe('FlameRpcModule', () => {
  it('runs a method here if its region is this one, else on an instance of its region', async () => {
    const { syd, hkg } = await pair();
    expect(await hkg.write('a')).toBe('a in syd');
    expect(syd.written).toEqual(['a']);
    expect(await syd.write('b')).toBe('b in syd');
    expect([await hkg.read(), await syd.read()]).toEqual(['hkg', 'hkg']);
    expect([await syd.where('hkg'), await syd.where('syd'), await hkg.where('primary')]).toEqual(['hkg', 'syd', 'syd']);
    expect(hkg.written).toEqual([]);
  });

  it('passes errors with their class, and streams item by item', async () => {
    const { hkg } = await pair();
    await expect(hkg.fail()).rejects.toBeInstanceOf(NotFoundException);
    const seen: number[] = [];
    for await (const n of hkg.count(3)) seen.push(n);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('applies the same timeout here and there, and aborts the method', async () => {
    const { syd, hkg } = await pair();
    expect(await failure(hkg.slow())).toMatchObject({
      code: 'FLAME_TIMEOUT',
      ran: 'maybe',
      message: expect.stringContaining('running on instance syd-'),
    });
    expect(await failure(syd.slow())).toMatchObject({
      code: 'FLAME_TIMEOUT',
      ran: 'maybe',
      message: expect.stringContaining('running here'),
    });
    await until(() => syd.written.length === 2);
    expect(syd.written).toEqual(['aborted', 'aborted']);
  });

  it('lists regions and instances, and calls a service in one of them, without its decorator', async () => {
    const { syd, hkg } = await pair();
    const { rpc } = hkg;
    expect(rpc).toMatchObject({ myRegion: 'hkg', primaryRegion: 'syd', isPrimary: false });
    expect(syd.rpc.isPrimary).toBe(true);
    expect(rpc.regions()).toEqual(['hkg', 'syd']);
    const [instance] = rpc.instances('primary');
    expect(instance).toEqual({
      id: expect.stringMatching(/^syd-[0-9a-f]{8}$/),
      region: 'syd',
      address: expect.stringMatching(/^127\..*:7171$/),
      version: expect.stringMatching(/^handlers [0-9a-f]{8}$/),
      self: false,
    });
    expect(await rpc.onPrimary(Notes).undecorated()).toBe('syd');
    expect(await rpc.on('hkg', Notes).undecorated()).toBe('hkg');
    expect(await rpc.onInstance(instance!.id, Notes).undecorated()).toBe('syd');
    const signal = AbortSignal.timeout(50);
    expect(await failure(rpc.on('syd', Notes, { timeout: 5_000, signal }).slow())).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'maybe' });
    expectTypeOf(rpc.onPrimary(Notes).count).toEqualTypeOf<(to: number) => AsyncGenerator<number>>();
  });

  it('names the known regions and the unreachable addresses if a region has no instance', async () => {
    const { hkg, regions } = await pair();
    regions.discovery.found.push({ address: '127.0.0.1:1' });
    // Each of the two has tried.
    await until(() => logged.filter((line) => line.includes('no instance answers at 127.0.0.1:1:')).length === 2);
    expect(await failure(hkg.where('ams'))).toMatchObject({
      code: 'FLAME_REFUSED',
      ran: 'no',
      message: expect.stringMatching(
        /^Notes\.where was not run: no instance of region "ams" answers\. Regions known: hkg \(1\), syd \(1\)\. Instances that accept no calls: 127\.0\.0\.1:1: .*ECONNREFUSED/,
      ),
    });
    expect(await failure(hkg.rpc.onInstance('syd-9', Notes).undecorated())).toMatchObject({
      message: expect.stringContaining('no instance "syd-9" answers. The instances are: hkg-'),
    });
  });

  it('refuses an instance with another secret; both log it', async () => {
    const regions = new Regions();
    const syd = await regions.start('syd', notes);
    const other = await regions.start('hkg', notes, { secret: 'another secret of more than 32 characters' });
    const [there, here] = regions.discovery.found.map(({ address }) => address);
    const says = (address: string): boolean =>
      logged.some((line) => line.includes(`no instance answers at ${address}: `) && line.includes('their secrets or certificates differ'));
    // Each dials the other.
    await until(() => says(there!) && says(here!));
    expect(syd.get(RegionRpc).instances()).toHaveLength(1);
    expect(await failure(other.get(Notes).write('x'))).toMatchObject({
      code: 'FLAME_REFUSED',
      message: expect.stringContaining('it does not trust this instance, or belongs to another app: their secrets or certificates differ'),
    });
    expect(logged.join('\n')).not.toContain('another secret');
    expect(syd.get(Notes).written).toEqual([]);
  });

  it('accepts the old secret while it is changed', async () => {
    const regions = new Regions();
    const old = 'the old secret, which is to be replaced soon';
    const syd = await regions.start('syd', notes, { secret: old });
    const both = await regions.start('hkg', notes, { secret: [old, 'the new secret, which replaces the old one'] });
    await Promise.all([regions.see(both, 2), regions.see(syd, 2)]);
    expect(await both.get(Notes).write('a')).toBe('a in syd');
    expect(await syd.get(Notes).read()).toBe('hkg');
  });

  it('sends a call to an instance of the region that has the handler, and names the missing handler if none has', async () => {
    @Injectable()
    class Prices {
      @OnRegion('primary', { name: 'Prices.quote2' })
      async quote(): Promise<string> {
        return 'new';
      }
    }
    const regions = new Regions();
    const old = await regions.start('syd', notes, { version: '1.0' });
    const far = await regions.start('hkg', { providers: [Prices] }, { version: '2.0' });
    await regions.see(far, 2);
    const error = await failure(far.get(Prices).quote());
    expect(error).toMatchObject({ code: 'FLAME_DENIED', ran: 'no' });
    expect(error.message).toMatch(
      /^Prices\.quote2 was not run: instance syd-\w+ \(region syd, .*, version 1\.0\) does not have it; this instance, hkg-\w+, has version 2\.0\./,
    );
    await regions.start('syd', { providers: [Prices] }, { version: '2.0' });
    await regions.see(far, 3);
    for (let i = 0; i < 20; i++) expect(await far.get(Prices).quote()).toBe('new');
    await old.close();
  });

  it('when an instance closes: finishes running calls with the database open, and sends new calls elsewhere', async () => {
    const told: string[] = [];
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    @Injectable()
    class Database implements OnModuleDestroy {
      open = true;

      onModuleDestroy(): void {
        this.open = false;
        told.push('closed');
      }
    }
    @Module({ providers: [Database], exports: [Database] })
    class DatabaseModule {}
    @Injectable()
    class Orders {
      constructor(
        readonly database: Database,
        readonly rpc: RegionRpc,
      ) {}

      @OnRegion('primary', { timeout: 30_000 })
      async place(wait: boolean): Promise<string> {
        if (wait) {
          told.push('running');
          await gate;
        }
        if (!this.database.open) throw new Error('the database is closed');
        return this.rpc.instances()[0]!.id;
      }
    }
    const shop = { imports: [DatabaseModule], providers: [Orders] };
    const regions = new Regions();
    const far = await regions.start('hkg', shop);
    const first = await regions.start('syd', shop, { instance: 'first' });
    await regions.see(far, 2);
    const orders = far.get(Orders);
    const running = orders.place(true);
    await until(() => told.includes('running'));
    await regions.start('syd', shop, { instance: 'second' });
    await regions.see(far, 3);
    const closed = first.close();
    // Calls that cross the news come back unstarted and go on to the other.
    const crossing = Array.from({ length: 20 }, () => orders.place(false));
    await regions.see(far, 2);
    expect(told).toEqual(['running']);
    expect(await orders.place(false)).toBe('second');
    release();
    expect(await running).toBe('first');
    await closed;
    expect(new Set(await Promise.all(crossing)).size).toBeGreaterThan(0);
    expect(told).toEqual(['running', 'closed']);
  });

  it('works beside FlameModule: a pool’s method called by another instance goes to this one’s pool', async () => {
    @Injectable()
    class Videos {
      @OnFlame('work')
      async pooled(): Promise<string> {
        return `pool ${FlameCall.current()!.pool}`;
      }

      @OnRegion('primary')
      async calls(): Promise<string> {
        return `'${FlameCall.current()!.pool}' then ${await this.pooled()}`;
      }
    }
    const regions = new Regions();
    const made = (): object => ({
      imports: [FlameModule.forRoot([{ name: 'work', max: 1 }], { backend: new LocalBackend() })],
      providers: [Videos],
    });
    const syd = await regions.start('syd', made());
    const hkg = await regions.start('hkg', made());
    await regions.see(hkg, 2);
    expect(await hkg.get(Videos).calls()).toBe(`'' then pool work`);
    expect(await syd.get(Videos).calls()).toBe(`'' then pool work`);
  });

  it('finds its app in any scope and in subclasses, and calls methods of plain instances directly', async () => {
    @Injectable()
    class Base {
      @Inject(RegionRpc) readonly rpc!: RegionRpc;

      @OnRegion('primary')
      async where(): Promise<string> {
        return this.rpc?.myRegion ?? 'nowhere';
      }
    }
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest extends Base {}
    @Injectable()
    class Child extends Base {
      override async where(): Promise<string> {
        return `child of ${await super.where()}`;
      }
    }
    const regions = new Regions();
    await regions.start('syd', { providers: [PerRequest, Child] });
    const hkg = await regions.start('hkg', { providers: [PerRequest, Child] });
    await regions.see(hkg, 2);
    expect(await (await hkg.resolve(PerRequest)).where()).toBe('syd');
    expect(await hkg.get(Child).where()).toBe('child of syd');
    expect(await new Child().where()).toBe('child of nowhere');
  });

  it('gets its options from a factory', async () => {
    const given = { provide: 'options', useValue: { myRegion: 'ams', primaryRegion: 'syd' } };
    @Module({ providers: [given], exports: [given] })
    class SettingsModule {}
    const make = (more: object): DynamicModule =>
      FlameRpcModule.forRootAsync({
        imports: [SettingsModule],
        inject: ['options'],
        useFactory: async (options: FlameRpcOptions) => ({ ...options, ...more }),
      });
    const regions = new Regions();
    const syd = await regions.start('syd', notes);
    const ams = await startApp({ imports: [make({ discovery: regions.discovery, secret, host: ownHost() })], providers: [Notes] });
    await regions.see(ams, 2);
    expect(ams.get(RegionRpc)).toMatchObject({ myRegion: 'ams', primaryRegion: 'syd' });
    expect(await ams.get(Notes).write('a')).toBe('a in syd');
    expect(syd.get(Notes).written).toEqual(['a']);
    expect(await failure(startApp({ imports: [make({ timeout: -1 })] }))).toMatchObject({
      code: 'FLAME_CONFIG',
      message: expect.stringContaining('FlameRpcModule.forRootAsync useFactory() options.timeout must be a time in milliseconds above 0'),
    });
  });

  it('gets its options from a class', async () => {
    class Settings implements FlameRpcOptionsFactory {
      createFlameRpcOptions(): FlameRpcOptions {
        return { myRegion: 'ams' };
      }
    }
    const app = await startApp({ imports: [FlameRpcModule.forRootAsync({ useClass: Settings })], providers: [Notes] });
    expect(app.get(RegionRpc).myRegion).toBe('ams');
  });

  it('works without a discovery: everything is local, nothing listens', async () => {
    const app = await startApp({ imports: [FlameRpcModule.forRoot()], providers: [Notes] });
    expect(await app.get(Notes).write('a')).toBe('a in local');
    expect(app.get(RegionRpc)).toMatchObject({ myRegion: 'local', primaryRegion: 'local', isPrimary: true });
    expect(app.get(RegionRpc).instances()).toMatchObject([{ address: 'here', self: true }]);
    expect(logged.join('\n')).not.toContain('listens for other instances');
  });
});
