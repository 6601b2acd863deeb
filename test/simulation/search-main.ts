import { live, readNeeds, replayed, report, search } from './world/search.js';

// Lives through worlds in a process of its own: from a seed, for as many steps, every so many of the seeds; or with FLAME_SIM_NEEDS through that one again.
// Ends with code 1 when a rule is broken.
// Says every million steps how far it has come.
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
