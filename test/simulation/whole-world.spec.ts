import { describe, expect, it } from 'vitest';
import { plantedFaults } from './planted-faults.js';
import { live, readNeeds, replayed, report, search } from './world/search.js';

/** Steps in all; `FLAME_SIM_STEPS` for more. `FLAME_SIM_SEED`, and `FLAME_SIM_NEEDS` of a world that was shrunk, to replay one. */
const steps = Number(process.env['FLAME_SIM_STEPS'] ?? 300_000);
const { FLAME_SIM_SEED: seed, FLAME_SIM_NEEDS: needs } = process.env;

describe('A parent and its runners in one simulated world', () => {
  it('keep every rule under all random events', { timeout: 600_000 }, async () => {
    if (seed !== undefined) {
      const { error } = await live(replayed(Number(seed), readNeeds(needs)));
      if (error) throw error;
      return;
    }
    const { found, ...made } = await search(1, steps);
    if (found) throw new Error(report(found));
    console.info(`${made.steps} steps in ${made.worlds} worlds`);
    expect(made.steps).toBeGreaterThanOrEqual(steps);
  });

  it('are the same each time', async () => {
    const first = await live(replayed(7));
    expect(await live(replayed(7))).toEqual(first);
    expect(first.steps).toBeGreaterThan(500);
  });

  for (const { name, worlds = [] } of plantedFaults) {
    for (const world of worlds) {
      it(`keep every rule in world ${world}, which shows when ${name}`, async () => {
        expect((await live(replayed(world))).error).toBeUndefined();
      });
    }
  }
});
