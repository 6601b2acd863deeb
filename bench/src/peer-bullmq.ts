import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Queue, QueueEvents, Worker } from 'bullmq';
import { contest } from './contest.js';
import { redisServer } from './redis-server.js';

/** BullMQ with a real Redis and sandboxed processors: each running job has a process, up to the number of slots. */
const connection = { path: await redisServer(process.argv[2]!), maxRetriesPerRequest: null };
const processor = pathToFileURL(join(import.meta.dirname, 'peer-bullmq-processor.js'));
// Kept for a while, because a waiting caller checks that its job still exists.
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
  // The CPU time of Redis and of the processors is not measured.
  answeringCpu: async () => NaN,
  close: () => void Promise.allSettled([worker.close(true), events.close(), queue.close()]).then(() => process.exit()),
});
