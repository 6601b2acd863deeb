import { describe, it } from 'vitest';
import { PoolWorld } from '../support/pool-world.js';
import { SeededRandom } from '../support/seeded-random.js';

/** Steps in all; `FLAME_SIM_STEPS` for longer runs, `FLAME_SIM_SEED` to replay one. */
const total = Number(process.env['FLAME_SIM_STEPS'] ?? 200_000);
const replay = process.env['FLAME_SIM_SEED'];

describe('PoolMachine in a random world', () => {
  it('keeps its rules under all random events', { timeout: 600_000 }, () => {
    if (replay) return new PoolWorld(new SeededRandom(Number(replay))).run(2_000);
    let steps = 0;
    for (let seed = 1; steps < total; seed++) {
      const world = new PoolWorld(new SeededRandom(seed));
      world.run(2_000);
      steps += world.steps;
    }
  });
});
