/** The published one: the project's own tests use what its users get. */
export { VirtualClock } from '../../libs/flame/src/testing/virtual-clock.js';

/** Lets everything run that waits for nothing but its turn. */
export async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}
