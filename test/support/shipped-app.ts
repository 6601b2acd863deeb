import { Test } from '@nestjs/testing';
import { FlamePool, getPoolToken } from 'nestjs-flame';
import type { FlameBackend, FlamePoolOptions, PoolEvent } from 'nestjs-flame';
import { ConformanceModule } from '../apps/src/conformance/app.module.js';
import { InlineService } from '../apps/src/conformance/inline.service.js';
import { WorkService } from '../apps/src/conformance/work.service.js';

export type Transfer = Extract<PoolEvent, { type: 'shipping' }>;

/** The app of the conformance suite as a parent whose runners get its code. */
export async function startShipped(backend: FlameBackend, pool: Partial<FlamePoolOptions> = {}) {
  const app = await Test.createTestingModule({
    imports: [ConformanceModule.with([{ name: 'p', max: 1, bootTimeout: 30_000, ...pool }], { backend })],
  }).compile();
  await app.init();
  const events: PoolEvent[] = [];
  const flamePool = app.get<FlamePool>(getPoolToken('p'));
  flamePool.events$.subscribe((event) => events.push(event));
  return {
    app,
    pool: flamePool,
    events,
    work: app.get(WorkService),
    inline: app.get(InlineService),
    /** The transfers that are complete. */
    transfers: (): Transfer[] => events.filter((event): event is Transfer => event.type === 'shipping' && event.sent === event.total),
    /** Ends the runner. The next call boots another one. */
    nextRunner: async (): Promise<void> => {
      const [runner] = flamePool.stats().runners;
      await flamePool.drainRunner(runner!.id);
    },
  };
}
