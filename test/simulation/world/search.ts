import type { Plan } from './plan.js';
import { planFor } from './plan.js';
import { SimulatedWorld } from './simulated-world.js';

/** A world in which a rule was broken, made as small as it gets. */
export interface Counterexample {
  readonly seed: number;
  /** The places of the operations that it takes, in the seed's plan. */
  readonly needs: readonly number[];
  readonly plan: Plan;
  readonly error: Error;
}

/** How much work `shrink` may take, in worlds. */
const mostTries = 400;

/** Lives through one world; gives what was broken, and how many steps it took. */
export async function live(plan: Plan): Promise<{ steps: number; error: Error | undefined }> {
  const world = new SimulatedWorld(plan);
  try {
    await world.run();
    return { steps: world.timeline.steps, error: undefined };
  } catch (error) {
    return { steps: world.timeline.steps, error: error as Error };
  }
}

/** Lives through worlds from seed `from` on, until as many steps are made, or one is broken, which it shrinks. `step` of them at a time are left to others. */
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

/** Reads `needs` as `report` writes them; some worlds need no operation at all. */
export function readNeeds(text: string | undefined): number[] | undefined {
  if (text === undefined) return undefined;
  return text === '' ? [] : text.split(',').map(Number);
}

/** The plan of a seed with only some of its operations. */
export function replayed(seed: number, needs?: readonly number[]): Plan {
  const plan = planFor(seed);
  return needs === undefined ? plan : { ...plan, operations: needs.map((index) => plan.operations[index]!) };
}

/** Leaves operations out, in ever smaller pieces, as long as some rule is still broken (delta debugging: Zeller and Hildebrandt, 2002). */
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

/** What to tell a person who has to find out. */
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
