import { describe, expect, it } from 'vitest';
import { PoolRig } from '../../../../../test/support/pool-rig.js';
import type { Machine, MachineExit } from '../../backends/backend.js';
import type { ParentInfo } from '../../core/parent-info.js';
import type { PoolOptions } from '../../core/options/pool-options.js';
import type { Saturation } from '../../core/metrics/saturation.js';
import { StatsOfProcesses } from './stats-of-processes.js';

const stats = { pid: 1, cpu: 10, memory: 100, heap: 50, delay: 1, delayMax: 2 };
const busy: Saturation = { calls: 12, over: 3_240, loop: 0.987, queue: 0 };

/** A pool with one runner, which says such things of itself. */
async function poolOf(
  options: Partial<PoolOptions>,
): Promise<{ rig: PoolRig; warnings: () => string[]; say: (saturation: Saturation) => void }> {
  let say!: (saturation: Saturation) => void;
  const rig: PoolRig = new PoolRig(
    { 'A.one': async () => 1 },
    { min: 1, max: 2, maxConcurrency: 100, ...options },
    {
      boot: async (request): Promise<Machine> => {
        const info = JSON.parse(Buffer.from(await request.flameParent(), 'base64').toString()) as ParentInfo;
        const manifest = { version: '0.0.0', protocol: 1, handlers: ['A.one'], digest: 'd' };
        const link = rig.attachServer.attach(info.token, { runner: info.runner, manifest, pid: 1, host: 'here', node: '20.19.0' });
        const exited = new Promise<MachineExit>(() => {});
        link.open({ frame: () => {}, closed: () => {} });
        say = (saturation) => link.send({ type: 'stats', text: JSON.stringify({ ...stats, saturation }) });
        return { id: 'm', exited, stop: async () => {} };
      },
    },
  );
  const started = rig.pool.start();
  await rig.clock.advance(1_000);
  await started;
  return { rig, warnings: () => rig.log.lines.filter((line) => line.startsWith('warn')), say };
}

describe('A pool whose calls wait for each other on a runner', () => {
  it('warns once, with the option, its value and the free capacity', async () => {
    const { rig, warnings, say } = await poolOf({});
    say(busy);
    say(busy);
    await rig.clock.advance(1_000);
    expect(warnings()).toEqual([
      'warn pool "p": up to 12 calls ran at once on runner p-test-1, where its event loop was busy for 99 % of 3.2 s. So the calls wait for each other, ' +
        'while the pool has 1 of at most 2 runners. Lower maxConcurrency (now 100; use 1 for calls that compute), so that the pool boots another runner instead.',
    ]);
  });

  it('names the thread pool as the cause', async () => {
    const { rig, warnings, say } = await poolOf({});
    say({ ...busy, loop: 0.01, queue: 0.94 });
    await rig.clock.advance(1_000);
    expect(warnings()).toEqual([expect.stringContaining("where Node's thread pool had a queue for 94 % of 3.2 s")]);
  });

  it.each<[string, Partial<PoolOptions>, ((rig: PoolRig) => void)?]>([
    ['has all its runners', { max: 1 }],
    ['gives a runner one call', { maxConcurrency: 1 }],
    ['is paused', {}, (rig) => rig.pool.pause()],
    [
      'is draining',
      {},
      (rig) => {
        rig.call('A.one').catch(() => undefined);
        void rig.pool.drain();
      },
    ],
  ])('does not warn when it %s', async (_, options, before) => {
    const { rig, warnings, say } = await poolOf(options);
    before?.(rig);
    say(busy);
    await rig.clock.advance(100);
    expect(warnings()).toEqual([]);
  });

  it('warns when the pool could not grow at first, and then can', async () => {
    const { rig, warnings, say } = await poolOf({ max: 1 });
    say(busy);
    await rig.clock.advance(100);
    rig.pool.resize({ max: 3 });
    say(busy);
    await rig.clock.advance(100);
    expect(warnings()).toEqual([expect.stringContaining('1 of at most 3 runners')]);
  });
});

describe('StatsOfProcesses', () => {
  it.each([null, 1, {}, { ...busy, loop: 'much' }])('refuses the saturation %j', (saturation) => {
    const book = new StatsOfProcesses(() => expect.unreachable());
    expect(() => book.take(JSON.stringify({ ...stats, saturation }))).toThrow("the stats that a runner's process sent cannot be read");
  });
});
