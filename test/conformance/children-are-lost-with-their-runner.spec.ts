import { expect, it } from 'vitest';
import { Counter } from '../apps/src/conformance/counter.js';
import { pidOf, rule } from '../support/conformance.js';
import { failure } from '../support/failure.js';

rule(
  'Children are lost with their runner, and are not restarted',
  (start) => {
    it('report how, and so do their methods', async () => {
      const { flame, work, file, marks, pool } = await start({ max: 1 });
      const log = file();
      const child = await flame.placeChild('p', Counter, { file: log });
      const [waiting, crash] = await Promise.all([failure(child.api.wait()), failure(child.api.crash(7))]);
      for (const error of [waiting, crash]) expect(error).toMatchObject({ code: 'FLAME_LOST', ran: 'maybe' });
      const exit = await child.exited;
      expect(exit).toMatchObject({ how: 'lost', error: { code: 'FLAME_LOST' } });
      expect(exit.reason).toContain('exit code 7');
      expect(await failure(child.api.add(1))).toMatchObject({ code: 'FLAME_LOST', ran: 'no' });
      expect(await work.echo('on another')).toBe('on another');
      expect(marks(log).map(({ what }) => what)).toEqual(['start']);
      expect(pool.stats().running).toBe(0);
    });

    it('end with a runner that is told to stop, after shutdownTimeout, and are callable until then', async () => {
      const { flame, file, marked, signal } = await start({ max: 1, shutdownTimeout: 300 });
      const log = file();
      const child = await flame.placeChild('p', Counter, { file: log });
      const { runner } = await child.api.where();
      await signal(runner, 'SIGTERM');
      expect(await child.api.add(1)).toBe(1);
      expect((await child.exited).how).toBe('leaving');
      expect((await marked(log, 'stop: the runner is leaving: it received SIGTERM')).runner).toBe(runner);
    });
  },
  ({ isolated }) => isolated,
);

rule(
  'Children of a machine with several processes',
  (start) => {
    it('are lost with their process; the others continue', async () => {
      const { flame, file, pool } = await start({ max: 1, maxConcurrency: 4, processes: 2 });
      const children = await Promise.all([1, 2].map(() => flame.placeChild('p', Counter, { file: file() })));
      const pids = await Promise.all(children.map(async ({ api }) => (await api.where()).pid));
      expect(new Set(pids).size).toBe(2);
      const machine = pidOf(pool.stats().runners[0]!.machine);
      const [victim, survivor] = pids[0] === machine ? children.toReversed() : children;
      await failure(victim!.api.crash(7));
      expect((await victim!.exited).how).toBe('lost');
      expect(await survivor!.api.add(1)).toBe(1);
      await survivor!.stop();
    });
  },
  ({ isolated, onHost }) => isolated && onHost,
);
