import { expect, it } from 'vitest';
import { rule } from '../support/conformance.js';
import { until } from '../support/process-table.js';

rule('A caller does not await a cast', (start) => {
  it('resolves when a runner has accepted the cast, before it ends', async () => {
    const { work, file, marked, pool } = await start();
    const log = file();
    await work.note(log, 'noted');
    await marked(log, 'noted');
    await until(() => pool.stats().running === 0);
  });

  it('reports its failure to onCastError, and crashes no process', async () => {
    const failures: string[] = [];
    const { work, file } = await start(
      {},
      { onCastError: (error, handler) => void failures.push(`${handler}: ${(error as Error).message}`) },
    );
    await work.note(file(), 'fail');
    await until(() => failures.length > 0);
    expect(failures).toEqual(['WorkService.note: the cast failed']);
    expect(await work.pid()).toBeGreaterThan(0);
  });
});
