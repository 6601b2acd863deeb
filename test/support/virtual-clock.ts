/** The published virtual clock: the project's own tests use the same one as its users. */
export { VirtualClock } from '../../libs/flame/src/testing/virtual-clock.js';

/** Resolves after all pending microtasks and immediates. */
export async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}
