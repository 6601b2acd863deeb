import { live, readNeeds, replayed, report, search } from './world/search.js';

// Runs worlds in a separate process: from a seed, for a number of steps, with a stride between the seeds; or, with FLAME_SIM_NEEDS, one world
// again. Prints its progress every million steps, and exits with code 1 when a rule is broken.
const [from, steps, stride = 1] = process.argv.slice(2).map(Number);
const needs = readNeeds(process.env['FLAME_SIM_NEEDS']);
if (needs === undefined) {
  let [made, worlds] = [0, 0];
  while (made < steps! && process.exitCode === undefined) {
    const part = await search(from! + worlds * stride, Math.min(1_000_000, steps! - made), stride);
    made += part.steps;
    worlds += part.worlds;
    console.log(JSON.stringify({ steps: made, worlds }));
    if (part.found) fail(report(part.found));
  }
} else {
  const { error } = await live(replayed(from!, needs));
  if (error) fail(error.message);
}

function fail(why: string): void {
  console.error(why);
  process.exitCode = 1;
}
