import { Controller, Get, Injectable, Post, Res } from '@nestjs/common';
import type { INestApplication, MiddlewareConsumer, NestModule } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { failure } from '../../../../../test/support/failure.js';
import { logged } from '../../../../../test/support/nest-app.js';
import { until } from '../../../../../test/support/process-table.js';
import { ownHost, Regions, secret } from '../../../../../test/support/regions.js';
import { LoggedReplica, ReplicatedLog } from '../../../../../test/support/replicated-log.js';
import { FlameRpcModule } from '../flame-rpc.module.js';
import { OnRegion } from '../on-region.decorator.js';
import { RegionRpc } from '../region-rpc.service.js';
import { RegionSession } from './region-session.js';
import type { RegionSessionOptions } from './region-session.js';

const sessionSecret = 'a secret for the positions of sessions';
const log = { current: new ReplicatedLog() };

@Injectable()
class Ledger {
  @OnRegion('primary')
  async write(): Promise<number> {
    return ++log.current.written;
  }

  @OnRegion('primary', { awaitReplica: false })
  async count(): Promise<number> {
    return log.current.written;
  }
}

interface CookieSetter {
  header(name: string, value: string): void;
}

@Controller()
class LedgerController {
  constructor(
    private readonly ledger: Ledger,
    private readonly rpc: RegionRpc,
  ) {}

  @Get()
  read(): string {
    return 'read';
  }

  @Get('count')
  async count(): Promise<string> {
    return String(await this.ledger.count());
  }

  @Post()
  async write(@Res({ passthrough: true }) response: CookieSetter): Promise<string> {
    response.header('Set-Cookie', 'own=1');
    return `${this.rpc.myRegion} wrote ${await this.ledger.write()}`;
  }
}

/** Instances in hkg that serve HTTP, with a replica each, and one in the primary region. */
class World {
  readonly regions = new Regions();
  readonly replica = new LoggedReplica();
  primary!: TestingModule;

  static async start(): Promise<World> {
    const world = new World();
    log.current = new ReplicatedLog();
    world.primary = await world.regions.start('syd', { providers: [Ledger] }, { replicationClock: log.current });
    return world;
  }

  /** Another instance. Returns its URL. */
  async serve(
    adapter: ExpressAdapter | FastifyAdapter = new ExpressAdapter(),
    options: Partial<RegionSessionOptions> = {},
    replica = this.replica,
    myRegion = 'hkg',
  ): Promise<string> {
    class App implements NestModule {
      configure(consumer: MiddlewareConsumer): void {
        const session = app.get(RegionRpc).session({ secret: sessionSecret, ...options });
        consumer.apply(session.middleware).forRoutes('{*path}');
      }
    }
    const rpc = FlameRpcModule.forRoot({
      myRegion,
      primaryRegion: 'syd',
      secret,
      host: ownHost(),
      refreshEvery: 50,
      discovery: this.regions.discovery,
      replicationClock: myRegion === 'syd' ? log.current : replica,
    });
    const module = await Test.createTestingModule({
      imports: [rpc, { module: App }],
      controllers: [LedgerController],
      providers: [Ledger],
    }).compile();
    const app: INestApplication = module.createNestApplication(adapter as ExpressAdapter, { logger: keepLines });
    await app.listen(0, '127.0.0.1');
    onTestFinished(() => app.close());
    await until(() => app.get(RegionRpc).instances('syd').length > 0);
    return app.getUrl();
  }
}

const keepLines = Object.fromEntries(
  ['log', 'warn', 'error'].map((level) => [level, (message: unknown) => void logged.push(`${level}: ${String(message)}`)]),
) as unknown as Console;

/** The cookie that a response sets for the session, as the client sends it. */
function cookieOf(response: Response): string | undefined {
  return response.headers
    .getSetCookie()
    .find((cookie) => cookie.startsWith('flame_position='))
    ?.split(';')[0];
}

async function settles(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await new Promise((resolve) => setTimeout(resolve, 100));
  return settled;
}

describe('RegionSession', () => {
  it.each([
    ['Express', () => new ExpressAdapter()],
    ['Fastify', () => new FastifyAdapter()],
  ])('lets the next request wait for what a request wrote, on %s, also on another instance of the region', async (_name, adapter) => {
    const world = await World.start();
    const [url, other] = [await world.serve(adapter()), await world.serve(adapter())];
    const written = await fetch(url, { method: 'POST', body: '{"a":1}', headers: { 'Content-Type': 'application/json' } });
    expect(await written.text()).toBe('hkg wrote 1');
    const cookie = cookieOf(written)!;
    expect(written.headers.getSetCookie()).toEqual(['own=1', `${cookie}; Max-Age=300; Path=/; HttpOnly; SameSite=Lax`]);

    expect((await fetch(url)).status).toBe(200);
    const reading = [url, other].map((each) => fetch(each, { headers: { cookie: `a=b; ${cookie}` } }));
    expect(await settles(Promise.race(reading))).toBe(false);
    expect(world.replica.waiting.size).toBe(2);
    world.replica.replay(1);
    for (const response of await Promise.all(reading)) {
      expect([response.status, await response.text(), cookieOf(response)]).toEqual([200, 'read', undefined]);
    }
    // The instance knows now that its replica has this position.
    world.replica.replayed = 0;
    expect((await fetch(url, { headers: { cookie } })).status).toBe(200);
  });

  it('keeps the later of the positions of several calls, and of what the client had', async () => {
    const world = await World.start();
    const far = await world.regions.start('hkg', { providers: [Ledger] }, { replicationClock: world.replica });
    await world.regions.see(far, 2);
    const session = far.get(RegionRpc).session({ secret: sessionSecret, timeout: 50 });
    const write = async (): Promise<string | undefined> => {
      await far.get(Ledger).write();
      return session.token();
    };
    // Answers of calls that run at once may overtake each other.
    log.current.told.push('5', '3', '4');
    const first = await session.run(undefined, async () => (await write(), write()));
    world.replica.replay(3);
    expect(await failure(session.run(first, () => {}))).toMatchObject({ code: 'FLAME_TIMEOUT' });
    world.replica.replay(5);
    const second = await session.run(first, write);
    const other = await world.regions.start('hkg', {}, { replicationClock: world.replica });
    world.replica.replayed = 4;
    const there = other.get(RegionRpc).session({ secret: sessionSecret, timeout: 50 });
    expect(await failure(there.run(second, () => {}))).toMatchObject({ code: 'FLAME_TIMEOUT' });
  });

  it('keeps no position of calls with awaitReplica: false, and none of requests without calls', async () => {
    const world = await World.start();
    const url = await world.serve();
    for (const path of ['', 'count']) expect(cookieOf(await fetch(`${url}/${path}`))).toBeUndefined();
    expect(log.current.reads).toBe(0);
  });

  it('waits for nothing in the primary region, and keeps the positions of writes there', async () => {
    const world = await World.start();
    const [near, far] = [await world.serve(undefined, {}, undefined, 'syd'), await world.serve()];
    const written = await fetch(near, { method: 'POST' });
    expect(await written.text()).toBe('syd wrote 1');
    const cookie = cookieOf(written)!;
    expect((await fetch(near, { headers: { cookie } })).status).toBe(200);
    const reading = fetch(far, { headers: { cookie } });
    expect(await settles(reading)).toBe(false);
    world.replica.replay(1);
    expect((await reading).status).toBe(200);
  });

  it.each([
    ['Express', () => new ExpressAdapter()],
    ['Fastify', () => new FastifyAdapter()],
  ])("answers 504 on %s if the replica is not there in time, and goes on with onTimeout: 'return'", async (_name, adapter) => {
    const world = await World.start();
    const [strict, lenient] = [
      await world.serve(adapter(), { timeout: 50 }),
      await world.serve(adapter(), { timeout: 50, onTimeout: 'return' }),
    ];
    const cookie = cookieOf(await fetch(strict, { method: 'POST' }))!;
    expect((await fetch(strict, { headers: { cookie } })).status).toBe(504);
    expect((await fetch(lenient, { headers: { cookie } })).status).toBe(200);
    expect(logged.join('\n')).toContain('The local replica did not have what this session wrote within 50 ms. The request continues.');
  });

  it('forgets a position that will never be reached', async () => {
    const world = await World.start();
    const url = await world.serve();
    const cookie = cookieOf(await fetch(url, { method: 'POST' }))!;
    world.replica.trouble = new Error('another history');
    const read = await fetch(url, { headers: { cookie } });
    expect(read.status).toBe(200);
    expect(read.headers.getSetCookie()).toEqual(['flame_position=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax']);
  });

  it('ignores forged, malformed and old positions, and logs each kind once', async () => {
    const world = await World.start();
    const url = await world.serve();
    const cookie = cookieOf(await fetch(url, { method: 'POST' }))!;
    const forged = `${cookie.slice(0, -2)}${cookie.endsWith('AA') ? 'BB' : 'AA'}`;
    for (const given of [forged, forged, 'flame_position=1', 'flame_position=%00']) {
      expect((await fetch(url, { headers: { cookie: given } })).status).toBe(200);
    }
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 302_000 });
    onTestFinished(() => void vi.useRealTimers());
    expect((await fetch(url, { headers: { cookie } })).status).toBe(200);
    expect(logged.filter((line) => line.includes('ignored the position'))).toEqual(
      ['forged', 'malformed', 'too old'].map((kind) => `warn: ignored the position of a request's session: it is ${kind} (logged once)`),
    );
    expect(world.replica.waiting.size).toBe(0);
  });

  it('uses a header instead of the cookie', async () => {
    const world = await World.start();
    const url = await world.serve(undefined, { header: 'X-Position' });
    const written = await fetch(url, { method: 'POST' });
    expect(cookieOf(written)).toBeUndefined();
    const reading = fetch(url, { headers: { 'x-position': written.headers.get('x-position')! } });
    expect(await settles(reading)).toBe(false);
    world.replica.replay(1);
    expect((await reading).status).toBe(200);
  });

  it('runs other work than requests', async () => {
    const world = await World.start();
    const far = await world.regions.start('hkg', { providers: [Ledger] }, { replicationClock: world.replica });
    await world.regions.see(far, 2);
    const session = far.get(RegionRpc).session({ secret: sessionSecret, timeout: 100 });
    expect(session.token()).toBeUndefined();
    const token = await session.run(undefined, async () => {
      await far.get(Ledger).write();
      return session.token();
    });
    expect(await failure(session.run(token, () => {}))).toMatchObject({ code: 'FLAME_TIMEOUT', ran: 'no' });
    world.replica.replay(1);
    expect(await session.run(token, () => 'done')).toBe('done');
  });

  it('needs a secret, and a clock that compares positions', async () => {
    const far = await new Regions().start('hkg', {}, { replicationClock: new LoggedReplica() });
    const rpc = far.get(RegionRpc);
    expect(() => rpc.session({} as never)).toThrow(
      'RegionRpc.session options.secret is missing. Set it to 32 random characters or more, the same on all instances (openssl rand -base64 32).',
    );
    expect(() => rpc.session({ secret: 'short' })).toThrow('RegionRpc.session options.secret has 5 characters, but needs at least 32');
    expect(() => rpc.session({ secret: sessionSecret, cookie: 'a b' })).toThrow('cannot be the name of a cookie');
    expect(() => rpc.session({ secret: sessionSecret, maxage: 1 } as never)).toThrow('options.maxage is not an option');
    expect(rpc.session({ secret: [sessionSecret, `${sessionSecret}, the old one`] })).toBeInstanceOf(RegionSession);
    const without = await new Regions().start('hkg', {});
    expect(() => without.get(RegionRpc).session({ secret: sessionSecret })).toThrow('needs the option replicationClock of FlameRpcModule');
  });
});
