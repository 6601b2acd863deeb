import { live, readNeeds, replayed, report, search } from './world/search.js';

// Lives through worlds in a process of its own: from a seed, for as many steps, every so many of the seeds; or with FLAME_SIM_NEEDS through that one again.
// Ends with code 1 when a rule is broken.
const [from, steps, stride] = process.argv.slice(2).map(Number);
const needs = readNeeds(process.env['FLAME_SIM_NEEDS']);
if (needs === undefined) {
  const { found, ...made } = await search(from!, steps!, stride);
  console.log(JSON.stringify(made));
  if (found) fail(report(found));
} else {
  const { error } = await live(replayed(from!, needs));
  if (error) fail(error.message);
}

function fail(why: string): void {
  console.error(why);
  process.exitCode = 1;
}
