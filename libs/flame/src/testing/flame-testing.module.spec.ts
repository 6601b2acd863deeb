import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { failure } from '../../../../test/support/failure.js';
import { FlameCall } from '../runner/executor/flame-call.js';
import { OnFlame } from '../nest/decorator/on-flame.decorator.js';
import { getPoolToken } from '../nest/decorator/inject-pool.decorator.js';
import type { FlamePool } from '../nest/flame/flame-pool.js';
import { FlameFaults, FlameTestingModule, VirtualClock } from './index.js';

@Injectable()
class Work {
  runs = 0;

  @OnFlame('p')
  async runner(): Promise<string> {
    return FlameCall.current()!.runnerId;
  }

  @OnFlame('p')
  async wait(): Promise<string> {
    this.runs += 1;
    const { signal } = FlameCall.current()!;
    return new Promise((resolve, reject) => {
      this.release = () => resolve('released');
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  }

  release: () => void = () => {};
}

describe('FlameTestingModule', () => {
  const apps: TestingModule[] = [];

  async function start(pool: object = {}) {
    const app = await Test.createTestingModule({
      imports: [FlameTestingModule.forRoot([{ name: 'p', max: 2, maxConcurrency: 1, ...pool }], { virtualTime: true })],
      providers: [Work],
    }).compile();
    app.useLogger(false);
    apps.push(app);
    await app.init();
    return {
      work: app.get(Work),
      faults: app.get(FlameFaults),
      pool: app.get<FlamePool>(getPoolToken('p')),
      clock: app.get(VirtualClock),
    };
  }

  afterEach(async () => {
    for (const app of apps.splice(0)) {
      const closed = app.close();
      const clock = app.get(VirtualClock, { strict: false });
      await clock.advance(120_000);
      await closed;
    }
  });

  it('runs calls on runners in this process', async () => {
    const { work } = await start();
    expect(await work.runner()).toMatch(/^p-/);
  });

  it('advances time at the test’s request: an idle runner stops after half a minute without waiting', async () => {
    const { work, pool, clock } = await start();
    await work.runner();
    await clock.advance(29_999);
    expect(pool.stats().runners).toHaveLength(1);
    await clock.advance(10);
    expect(pool.stats().runners).toHaveLength(0);
  });

  it('drops a runner: its call is lost, the next one gets another', async () => {
    const { work, faults } = await start();
    const first = await work.runner();
    const call = failure(work.wait());
    await apps[0]!.get(VirtualClock).settle();
    faults.dropRunner();
    expect(await call).toMatchObject({ code: 'FLAME_LOST', ran: 'maybe' });
    expect(await work.runner()).not.toBe(first);
  });

  it('fails a boot: with a fatal error, the waiting call fails at once', async () => {
    const { work, faults } = await start();
    faults.refuseBoot('no such image', { fatal: true });
    const error = await failure(work.runner());
    expect(error.code).toBe('FLAME_BOOT');
    expect(error.message).toContain('no such image');
  });

  it('delays a boot: beyond bootTimeout it is cancelled and retried', async () => {
    const { work, faults, clock } = await start({ bootTimeout: 1_000, queueTimeout: 10_000 });
    faults.delayBoot(5_000);
    const call = work.runner();
    await clock.advance(4_000);
    expect(await call).toMatch(/-2$/);
  });

  it('cuts a session for less than reconnectTimeout: nothing is lost or repeated', async () => {
    const { work, faults, clock } = await start();
    const call = work.wait();
    await clock.settle();
    faults.cutSession(3_000);
    work.release();
    await clock.advance(2_999);
    const early = await Promise.race([call, Promise.resolve('nothing yet')]);
    expect(early).toBe('nothing yet');
    await clock.advance(1);
    expect(await call).toBe('released');
    expect(work.runs).toBe(1);
  });

  it('cuts a session for longer: the runner is lost', async () => {
    const { work, faults, clock } = await start();
    const call = failure(work.wait());
    await clock.settle();
    faults.cutSession(6_000);
    await clock.advance(5_000);
    expect(await call).toMatchObject({ code: 'FLAME_LOST' });
  });

  it('lists the runners that are up if the id is missing or unknown', async () => {
    const { faults } = await start();
    expect(() => faults.dropRunner()).toThrow('dropRunner() finds no runner. Runners that are up: none');
  });
});
