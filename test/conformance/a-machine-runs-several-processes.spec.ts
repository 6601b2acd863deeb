import { expect, it } from 'vitest';
import { rule } from '../support/conformance.js';
import { failure } from '../support/failure.js';
import { isAlive, until } from '../support/process-table.js';

rule(
  'A machine runs several processes, which share its slots',
  (start) => {
    const pidsOf = (marks: { pid: number }[]): number[] => [...new Set(marks.map(({ pid }) => pid))];

    it('distributes its calls over them, as one runner of the pool, and leaves none behind', async () => {
      const { work, file, marks, pool } = await start({ max: 1, maxConcurrency: 4, processes: 2, idleShutdownAfter: 300 });
      const log = file();
      await Promise.all(Array.from({ length: 4 }, () => work.work(log, 300)));
      const pids = pidsOf(marks(log));
      expect(pids).toHaveLength(2);
      for (const pid of pids) expect(marks(log).filter((mark) => mark.pid === pid && mark.what === 'end')).toHaveLength(2);
      expect(pool.stats().runners).toHaveLength(1);
      await until(() => pool.stats().runners.length === 0);
      expect(pids.filter(isAlive)).toEqual([]);
    });

    it('loses the calls of a process that dies, finishes those of the others, and is replaced', async () => {
      const { work, file, marks, pool } = await start({ max: 2, maxConcurrency: 4, processes: 2 });
      const log = file();
      const first = pool.events$;
      const ups: string[] = [];
      first.subscribe((event) => event.type === 'up' && ups.push(event.machine));
      const calls = Array.from({ length: 4 }, () => work.work(log, 2_000).catch((error: unknown) => error));
      await until(() => marks(log).length === 4);
      const sibling = pidsOf(marks(log)).find((pid) => !ups.includes(`pid ${pid}`))!;
      process.kill(sibling, 'SIGKILL');
      const results = await Promise.all(calls);
      expect(results.filter((result) => typeof result === 'string')).toHaveLength(2);
      expect(results.filter((result) => typeof result !== 'string')).toMatchObject([{ code: 'FLAME_LOST' }, { code: 'FLAME_LOST' }]);
      await until(() => pidsOf(marks(log)).every((pid) => !isAlive(pid)));
      expect(await work.pid()).toBeGreaterThan(0);
    });

    it('ends all of them when it is killed', async () => {
      const { work, file, marks } = await start({ max: 1, maxConcurrency: 2, processes: 2 });
      const log = file();
      const calls = [failure(work.work(log, 60_000)), failure(work.work(log, 60_000))];
      await until(() => marks(log).length === 2);
      const pids = pidsOf(marks(log));
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      expect(await Promise.all(calls)).toMatchObject([{ code: 'FLAME_LOST' }, { code: 'FLAME_LOST' }]);
      await until(() => !pids.some(isAlive));
    });
  },
  ({ isolated, onHost }) => isolated && onHost,
);
