import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { contest } from './contest.js';

/** The best possible result on two cores: two plain processes, each with half of the jobs. */
const jobs = 16;
const workers = [0, 1].map(() => fork(join(import.meta.dirname, 'ideal-worker.js')));
await Promise.all(workers.map((worker) => once(worker, 'message')));

let under = 0;
let round: Promise<unknown> = Promise.resolve();
const work = (turns: number): Promise<void> => {
  if (under++ % jobs === 0) {
    round = Promise.all(
      workers.map(async (worker) => {
        worker.send({ jobs: jobs / workers.length, turns });
        await once(worker, 'message');
      }),
    );
  }
  return round.then(() => undefined);
};

contest({ tasks: { work }, answeringCpu: async () => 0, close: () => process.exit() });
