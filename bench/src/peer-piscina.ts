import { join } from 'node:path';
import { Piscina } from 'piscina';
import { contest } from './contest.js';

/** Worker threads of this process: nothing leaves it, and values are cloned by the engine. */
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
  // Its threads are counted with their process.
  answeringCpu: async () => 0,
  close: () => process.exit(),
});
