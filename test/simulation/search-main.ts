import { report, search } from './world/search.js';

// Lives through worlds in a process of its own: from a seed, for as many steps, every so many of the seeds. Ends with code 1 when a rule is broken.
const [from, steps, stride] = process.argv.slice(2).map(Number);
const { found, ...made } = await search(from!, steps!, stride);
console.log(JSON.stringify(made));
if (found) {
  console.error(report(found));
  process.exit(1);
}
