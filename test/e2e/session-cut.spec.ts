import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolEvent } from 'nestjs-flame';
import { expect, it } from 'vitest';
import { LossService } from '../apps/src/conformance/loss.service.js';
import { StreamService } from '../apps/src/conformance/stream.service.js';
import { collect } from '../support/collect.js';
import { pidOf, rule, runnerEntry } from '../support/conformance.js';
import type { Trial } from '../support/conformance.js';
import { failure } from '../support/failure.js';
import { tally } from '../support/marks.js';
import { isAlive, until } from '../support/process-table.js';
import { ProxiedBackend } from '../support/proxied-backend.js';

async function eventsOf({ pool }: Trial): Promise<PoolEvent[]> {
  const events: PoolEvent[] = [];
  pool.events$.subscribe((event) => events.push(event));
  // The subscription takes a turn.
  await Promise.resolve();
  return events;
}

/** Numbers that come slowly enough to be under way for as long as the load. */
async function* slowly(count: number, pause: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) {
    yield i;
    await sleep(pause);
  }
}

rule(
  'A session survives cuts that are shorter than reconnectTimeout',
  (start) => {
    it('runs each of 200 calls a second exactly once, and loses no item of a stream, during a cut of 3 s', async () => {
      const backend = new ProxiedBackend({ entry: runnerEntry });
      const trial = await start({ max: 1, maxConcurrency: 1_000 }, { backend });
      const { app, file, marks, pool } = trial;
      const loss = app.get(LossService);
      await loss.once(file(), 'warm', 1);
      const [proxy] = backend.proxies;
      const events = await eventsOf(trial);
      const log = file();
      const calls: Promise<string>[] = [];
      let settled = 0;
      const begin = (): void => {
        for (let i = 0; i < 10; i++) {
          const name = `call ${calls.length}`;
          // One in five is under way for so long that it ends while nothing passes.
          const call = loss.once(log, name, calls.length % 5 === 0 ? 1_500 : 20);
          calls.push(call);
          void call.then(() => (settled += 1));
        }
      };
      const load = setInterval(begin, 50);
      const doubled = collect(app.get(StreamService).double(slowly(500, 12)));

      await until(() => calls.length >= 300);
      // What is sent now is lost on the way, in both directions, and neither side knows it.
      proxy!.swallow();
      const swallowed = calls.length;
      await until(() => calls.length >= swallowed + 40);
      proxy!.cut();
      const atCut = { made: calls.length, settled };
      const cutAt = Date.now();
      await sleep(3_000);
      expect(settled).toBe(atCut.settled);
      const mendAt = Date.now();
      proxy!.mend();
      await until(() => calls.length >= 1_200);
      clearInterval(load);

      const names = Array.from(calls, (_, i) => `call ${i}`);
      expect(await Promise.all(calls)).toEqual(names);
      expect([...tally(marks(log))].filter(([, times]) => times !== 1)).toEqual([]);
      expect(marks(log)).toHaveLength(calls.length);
      expect(await doubled).toEqual(Array.from({ length: 500 }, (_, i) => 2 * i));
      expect(pool.stats()).toMatchObject({ running: 0, waiting: 0, calls: { failed: 0 } });
      expect(events.map(({ type: is }) => is).filter((is) => is === 'suspended' || is === 'resumed')).toEqual(['suspended', 'resumed']);
      expect(pool.stats().runners).toHaveLength(1);

      // The cut was felt in both directions: calls that were handed over before it began after it, and results of what began before it came after it.
      const begunAt = new Map(marks(log).map(({ call, at }) => [call, at]));
      const started = events.filter((event) => event.type === 'call-started');
      const ended = events.filter((event) => event.type === 'call-ended');
      expect(started.filter(({ call, at }) => at <= cutAt && begunAt.get(call)! >= mendAt).length).toBeGreaterThan(0);
      expect(ended.filter(({ call, at }) => at >= mendAt && begunAt.get(call)! <= cutAt).length).toBeGreaterThan(0);
    });

    it('loses its calls during a longer cut, and its runner ends by itself', async () => {
      const backend = new ProxiedBackend({ entry: runnerEntry });
      backend.powerless = true;
      const trial = await start({ max: 1, maxConcurrency: 100, shutdownTimeout: 1_000 }, { backend, reconnectTimeout: 1_000 });
      const { app, work, file, marks, pool } = trial;
      const log = file();
      const calls = Array.from({ length: 20 }, () => failure(work.work(log, 60_000)));
      const rows = app.get(StreamService).stalls(file());
      await rows.next();
      const row = failure(rows.next());
      await until(() => marks(log).length === 20);
      const pid = pidOf(pool.stats().runners[0]!.machine);
      backend.proxies[0]!.cut();
      for (const error of await Promise.all([...calls, row])) {
        expect(error).toMatchObject({ code: 'FLAME_LOST', ran: 'maybe' });
        expect(error.message).toContain('disconnected: ');
      }
      await until(() => !isAlive(pid));
      expect(tally(marks(log))).toEqual(
        new Map([
          ['begin', 20],
          ['abort', 20],
        ]),
      );
      expect(await work.pid()).not.toBe(pid);
    });
  },
  ({ isolated }) => isolated,
);
