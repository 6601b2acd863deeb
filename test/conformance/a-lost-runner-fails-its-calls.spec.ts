import { expect, it } from 'vitest';
import { rule } from '../support/conformance.js';
import { failure } from '../support/failure.js';

rule(
  'A lost runner fails its calls with the reason, and no others',
  (start) => {
    it.each([7, 0])('names the exit code %i', async (code) => {
      const { work } = await start();
      const error = await failure(work.crash(code));
      expect(error).toMatchObject({ code: 'FLAME_LOST', ran: 'maybe' });
      expect(error.message).toContain(`exit code ${code}`);
    });

    it('names the signal', async () => {
      const { work } = await start();
      expect((await failure(work.kill('SIGKILL'))).message).toContain('SIGKILL');
    });

    it('fails all calls of that runner and none of another, and replaces it', async () => {
      const { work, file, marks, pool, signal } = await start({ max: 2, maxConcurrency: 2, strategy: 'pack' });
      const log = file();
      const together = [work.work(log, 3_000), work.work(log, 3_000), work.work(log, 3_000)].map((call) =>
        call.catch((error: unknown) => error),
      );
      while (marks(log).length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
      const [victim] = pool.stats().runners.filter(({ load }) => load === 2);
      await signal(victim!.id, 'SIGKILL');
      const results = await Promise.all(together);
      expect(results.filter((result) => typeof result === 'string')).toHaveLength(1);
      expect(results.filter((result) => typeof result !== 'string')).toMatchObject([{ code: 'FLAME_LOST' }, { code: 'FLAME_LOST' }]);
      expect(await work.pid()).toBeGreaterThan(0);
    });
  },
  ({ isolated }) => isolated,
);
