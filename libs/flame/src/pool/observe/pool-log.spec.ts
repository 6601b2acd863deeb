import { expect, describe, it } from 'vitest';
import { PoolRig } from '../../../../../test/support/pool-rig.js';
import { BootError } from '../../core/errors/boot-error.js';
import type { FlameError } from '../../core/errors/flame-error.js';

const rejected = { code: 'FLAME_BOOT' };

describe('The log of a pool', () => {
  it('has the error of a boot that fails repeatedly once, then only the number of repetitions', async () => {
    let boots = 0;
    let works = false;
    const printed: string[] = [];
    const rig = new PoolRig(
      { echo: () => 1 },
      { max: 1, log: 'log', queueTimeout: 40_000 },
      {
        setup: { output: (line) => void printed.push(line) },
        boot: async (request) => {
          boots += 1;
          request.output(`line of boot ${boots}`, 'stderr');
          if (works) return request.inProcess();
          throw new BootError(`rig: no licence, process ${boots * 1_000}`, { phase: 'attach' });
        },
      },
    );
    await Promise.all([expect(rig.call('echo')).rejects.toMatchObject(rejected), rig.clock.advance(41_000)]);
    expect(boots).toBeGreaterThan(4);
    const failed = rig.log.lines.filter((line) => line.startsWith('warn'));
    expect(failed[0]).toMatch(
      /^warn pool "p": runner p-test-1 could not boot \(attach\): rig: no licence, process 1000\n.*\n {2}\| line of boot 1$/,
    );
    const counts = failed.slice(1).map((line) => Number(/^warn pool "p": (\d+) more boots? failed as before$/.exec(line)?.[1]));
    expect(rig.log.lines).toEqual(['log pool "p": booting runner p-test-1 (1 of at most 1)', ...failed]);

    works = true;
    const answer = rig.call('echo');
    await rig.clock.advance(30_000);
    expect(await answer).toBe(1);
    const late = rig.log.lines.filter((line) => line.endsWith('failed as before')).slice(counts.length);
    const told = [...counts, ...late.map((line) => Number(/(\d+) more/.exec(line)![1]))].reduce((sum, count) => sum + count, 0);
    // The first is told in full, and the last one worked.
    expect(told).toBe(boots - 2);
    // What the one that worked has printed comes, too.
    expect(printed).toEqual(['line of boot 1', `line of boot ${boots}`]);
  });

  it('has the error of a boot that fails in another way, too', async () => {
    let boots = 0;
    const boot = async (): Promise<never> => {
      throw new BootError(['no licence', 'no memory'][boots++ % 2]!, { phase: 'attach' });
    };
    const rig = new PoolRig({ echo: () => 1 }, { max: 1, queueTimeout: 20_000 }, { boot });
    await Promise.all([expect(rig.call('echo')).rejects.toMatchObject(rejected), rig.clock.advance(21_000)]);
    expect(rig.log.lines.filter((line) => line.includes('could not boot'))).toEqual([
      'warn pool "p": runner p-test-1 could not boot (attach): no licence',
      'warn pool "p": runner p-test-2 could not boot (attach): no memory',
    ]);
  });

  it('has one line for a runner that is lost with its connection', async () => {
    const rig = new PoolRig({ echo: () => 1 }, { min: 1, max: 1, minBoot: 'degrade' });
    await rig.pool.start();
    expect(await rig.call('echo')).toBe(1);
    await rig.clock.advance(0);
    rig.machines[0]!.cut();
    await rig.clock.advance(500);
    void rig.machines[0]!.stop(0);
    await rig.clock.advance(2_000);
    expect(rig.log.lines.filter((line) => line.includes('p-test-1'))).toEqual([expect.stringMatching(/^warn .* runner p-test-1 is lost/)]);
  });

  it('has a warning for a handler that ignores its abort, once a minute, whatever the option log is', async () => {
    const forever = (): Promise<never> => new Promise(() => {});
    const rig = new PoolRig({ stuck: forever, other: forever }, { max: 1, handlerTimeout: 100, log: false });
    const stuck = async (name: string): Promise<void> => {
      const call = rig.call(name).catch(({ code }: FlameError) => code);
      await rig.clock.advance(5_000);
      expect(await call).toBe('FLAME_TIMEOUT');
    };
    for (const name of ['stuck', 'stuck', 'other']) await stuck(name);
    await rig.clock.advance(50_000);
    await stuck('stuck');
    const warning = (label: string, runner: number): string =>
      `warn pool "p": ${label} ignored its abort for 1000 ms, so its runner p-test-${runner} is given up. Pass FlameCall.current().signal to what it waits for.`;
    expect(rig.log.lines).toEqual([warning('stuck', 1), warning('other', 3), warning('stuck', 4)]);
  });

  it.each([
    [500, ['was cut for a moment, and is restored']],
    [2_000, ['is cut; it may be restored', 'is restored']],
  ])('has for a connection that is cut for %d ms: %j', async (time, expected) => {
    const rig = new PoolRig({ echo: () => 1 }, { min: 1, max: 1 });
    await rig.pool.start();
    await rig.clock.advance(0);
    rig.machines[0]!.cut();
    await rig.clock.advance(time);
    rig.machines[0]!.restore();
    await rig.clock.advance(5_000);
    expect(rig.log.lines).toEqual(expected.map((how) => `warn pool "p": the connection of runner p-test-1 ${how}`));
  });
});
