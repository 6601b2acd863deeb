import { SeededRandom } from '../../support/seeded-random.js';

/**
 * The random numbers for one part of a world, by its name. They do not depend on other parts, so a shrunk world stays similar to the original.
 */
export function diceFor(seed: number, name: string): SeededRandom {
  let hash = seed ^ 0x9e3779b9;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return new SeededRandom(hash ^ (hash >>> 15));
}
