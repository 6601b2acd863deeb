import { describe, it } from 'vitest';
import { SeededRandom } from '../support/seeded-random.js';
import { StreamWorld } from '../support/stream-world.js';

/** Worlds of 60 calls each; `FLAME_SIM_WORLDS` for longer runs, `FLAME_SIM_SEED` to replay one. */
const worlds = Number(process.env['FLAME_SIM_WORLDS'] ?? 30);
const replay = process.env['FLAME_SIM_SEED'];

describe('Streams in a random world', () => {
  it('end once, clean up and free their slots under all random events', { timeout: 600_000 }, async () => {
    if (replay) return new StreamWorld(new SeededRandom(Number(replay))).run(60);
    for (let seed = 1; seed <= worlds; seed++) await new StreamWorld(new SeededRandom(seed)).run(60);
  });
});
