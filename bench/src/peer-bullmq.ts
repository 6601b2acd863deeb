import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Queue, QueueEvents, Worker } from 'bullmq';
import { contest } from './contest.js';
import { redisServer } from './redis-server.js';

/** Jobs in a real Redis, done by sandboxed processors: a process for each job at a time, as many as there are slots. */
const connection = { path: await redisServer(process.argv[2]!), maxRetriesPerRequest: null };
const processor = pathToFileURL(join(import.meta.dirname, 'peer-bullmq-processor.js'));
// Kept for a while: who waits for a job looks whether it is there.
const kept = { removeOnComplete: { count: 5_000 }, removeOnFail: { count: 5_000 } };
const queue = new Queue('bench', { connection, defaultJobOptions: kept });
const events = new QueueEvents('bench', { connection });
const worker = new Worker('bench', processor, { connection, concurrency: 2 });
worker.on('error', (error) => console.error(error));
await Promise.all([queue.waitUntilReady(), events.waitUntilReady(), worker.waitUntilReady()]);
events.setMaxListeners(0);
queue.setMaxListeners(0);
let last = 0;

const run = async (name: string, value: number): Promise<unknown> => (await queue.add(name, value)).waitUntilFinished(events);

contest({
  tasks: {
    async echo() {
      const value = ++last;
      if ((await run('echo', value)) !== value) throw new Error('another number came back');
    },
    async work(turns) {
      await run('work', turns);
    },
  },
  // Redis's and the processors' are not asked for.
  answeringCpu: async () => NaN,
  close: () => void Promise.allSettled([worker.close(true), events.close(), queue.close()]).then(() => process.exit()),
});
