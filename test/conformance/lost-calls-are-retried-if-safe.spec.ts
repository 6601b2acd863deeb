import { expect, it } from 'vitest';
import { LossService } from '../apps/src/conformance/loss.service.js';
import { rule } from '../support/conformance.js';
import { failure } from '../support/failure.js';

rule(
  'Lost calls are retried if that is safe',
  (start) => {
    it('retries an idempotent handler, and passes it the number of the attempt', async () => {
      const { app, file, marks } = await start();
      const log = file();
      expect(await app.get(LossService).survives(log, 2)).toBe(3);
      expect(marks(log).map(({ what }) => what)).toEqual(['attempt 1', 'attempt 2', 'attempt 3']);
      expect(new Set(marks(log).map(({ runner }) => runner)).size).toBe(3);
    });

    it('rejects after the given number of attempts', async () => {
      const { app, file, marks } = await start();
      const log = file();
      expect(await failure(app.get(LossService).survives(log, 9))).toMatchObject({ code: 'FLAME_LOST', ran: 'maybe' });
      expect(marks(log)).toHaveLength(3);
    });

    it('does not retry a call that may have run unless its handler is idempotent', async () => {
      const { app, file, marks, work } = await start();
      const log = file();
      expect(await failure(app.get(LossService).dies(log))).toMatchObject({ code: 'FLAME_LOST', ran: 'maybe' });
      await work.pid();
      expect(marks(log)).toHaveLength(1);
    });

    it('does not retry without the option retry', async () => {
      const { work, file, marked, marks, signal } = await start();
      const log = file();
      const call = failure(work.work(log, 60_000));
      await signal((await marked(log, 'begin')).runner, 'SIGKILL');
      expect(await call).toMatchObject({ code: 'FLAME_LOST' });
      await work.pid();
      expect(marks(log)).toHaveLength(1);
    });
  },
  ({ isolated }) => isolated,
);
