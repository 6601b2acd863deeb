import { SeededRandom } from '../../support/seeded-random.js';

/** The dice of one thing in a world, by its name: what happens to it does not depend on what else there is, so that a world that is shrunk stays much the same. */
export function diceFor(seed: number, name: string): SeededRandom {
  let hash = seed ^ 0x9e3779b9;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return new SeededRandom(hash ^ (hash >>> 15));
}
