import { join } from 'node:path';
import { Piscina } from 'piscina';
import { contest } from './contest.js';

/** Piscina: worker threads of this process, so V8 clones the values and no data leaves the process. */
const filename = join(import.meta.dirname, 'peer-piscina-worker.js');
const echoes = new Piscina({ filename, minThreads: 1, maxThreads: 1, concurrentTasksPerWorker: 256 });
const workers = new Piscina({ filename, minThreads: 2, maxThreads: 2 });
let last = 0;

contest({
  tasks: {
    async echo() {
      const value = ++last;
      if ((await echoes.run(value, { name: 'echo' })) !== value) throw new Error('another number came back');
    },
    work: (turns) => workers.run(turns, { name: 'work' }) as Promise<void>,
  },
  // The CPU time of the process includes its threads.
  answeringCpu: async () => 0,
  close: () => process.exit(),
});
