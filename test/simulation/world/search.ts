import type { Plan } from './plan.js';
import { planFor } from './plan.js';
import { SimulatedWorld } from './simulated-world.js';

/** A world in which a rule was broken, with as few operations as possible. */
export interface Counterexample {
  readonly seed: number;
  /** The indexes of these operations in the seed's plan. */
  readonly needs: readonly number[];
  readonly plan: Plan;
  readonly error: Error;
}

/** The most worlds that `shrink` may run. */
const mostTries = 400;

/** Runs one world. Returns the broken rule, if any, and the number of steps. */
export async function live(plan: Plan): Promise<{ steps: number; error: Error | undefined }> {
  const world = new SimulatedWorld(plan);
  try {
    await world.run();
    return { steps: world.timeline.steps, error: undefined };
  } catch (error) {
    return { steps: world.timeline.steps, error: error as Error };
  }
}

/**
 * Runs worlds from seed `from` on, until `steps` steps are made or a rule is broken. It then shrinks that world. With a `stride`, it skips the
 * seeds of other processes.
 */
export async function search(
  from: number,
  steps: number,
  stride = 1,
): Promise<{ steps: number; worlds: number; found: Counterexample | undefined }> {
  let [made, worlds] = [0, 0];
  for (let seed = from; made < steps; seed += stride) {
    const plan = planFor(seed);
    const { steps: taken, error } = await live(plan);
    made += taken;
    worlds += 1;
    if (error !== undefined) return { steps: made, worlds, found: await shrink(plan, error) };
  }
  return { steps: made, worlds, found: undefined };
}

/** Parses the `needs` that `report` prints. Some worlds need no operation at all. */
export function readNeeds(text: string | undefined): number[] | undefined {
  if (text === undefined) return undefined;
  return text === '' ? [] : text.split(',').map(Number);
}

/** The plan of a seed with only some of its operations. */
export function replayed(seed: number, needs?: readonly number[]): Plan {
  const plan = planFor(seed);
  return needs === undefined ? plan : { ...plan, operations: needs.map((index) => plan.operations[index]!) };
}

/** Removes operations, in ever smaller groups, while some rule is still broken (delta debugging: Zeller and Hildebrandt, 2002). */
async function shrink(plan: Plan, error: Error): Promise<Counterexample> {
  let needs = plan.operations.map((_, index) => index);
  let worst = error;
  let tries = 0;
  for (let size = needs.length >> 1; size >= 1; size >>= 1) {
    for (let start = 0; start < needs.length && tries < mostTries;) {
      const rest = [...needs.slice(0, start), ...needs.slice(start + size)];
      tries += 1;
      const { error: still } = await live(replayed(plan.seed, rest));
      if (still === undefined) start += size;
      else [needs, worst] = [rest, still];
    }
  }
  return { seed: plan.seed, needs, plan: replayed(plan.seed, needs), error: worst };
}

/** The text for the person who looks for the cause. */
export function report({ seed, needs, plan, error }: Counterexample): string {
  const operations = plan.operations.map(({ at, operation }) => `  ${at} ${JSON.stringify(operation)}`).join('\n');
  return [
    `${error.message}`,
    `Replay it with: FLAME_SIM_SEED=${seed} FLAME_SIM_NEEDS=${needs.join(',')} npx vitest run --project simulation`,
    `pool ${JSON.stringify(plan.pool)}, reconnectTimeout ${plan.reconnectTimeout}${`, gentle ${plan.gentle}, closed ${plan.end}`}; operations by time:`,
    operations,
    error.name === 'BrokenRule' ? '' : (error.stack ?? ''),
  ].join('\n');
}
