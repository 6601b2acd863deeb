import { burn } from './burn.js';

/** A plain process that runs its share of the jobs, one after the other. */
process.on('message', ({ jobs, turns }: { jobs: number; turns: number }) => {
  for (let job = 0; job < jobs; job++) burn(turns);
  process.send!('done');
});
process.once('disconnect', () => process.exit());
process.send!('ready');
