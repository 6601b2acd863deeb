import { closedLoop } from './closed-loop.js';
import { collectAll } from './full-collection.js';
import type { Call, Job, Measured } from './closed-loop.js';

/** A message of the bench to a contestant's process: run a job, or `age`, which brings the heap into the state of a long-running process. */
export type Command = Job | 'age';

/** A message of a contestant's process to the bench. */
export type Report =
  | { readonly type: 'ready' }
  | { readonly type: 'aged' }
  | { readonly type: 'measured'; readonly measured: Measured }
  | { readonly type: 'failed'; readonly why: string };

/** The functions that a contestant implements. */
export interface Contest {
  readonly tasks: Readonly<Record<string, Call>>;
  /** The CPU time of the answering process so far. */
  readonly answeringCpu: () => Promise<number>;
  /** Calls `collectAll` in the answering process. */
  readonly ageAnswering?: () => Promise<void>;
  /** Resolves when the leftovers of a job are gone, so that they do not disturb the next job. */
  readonly settled?: () => Promise<void>;
  /** Ends this process and everything that it has started. */
  readonly close: () => void;
}

/** Runs in a contestant's process: executes the bench's commands until the bench disconnects or dies. */
export function contest({ tasks, answeringCpu, ageAnswering, settled, close }: Contest): void {
  const run = async (job: Command): Promise<Report> => {
    try {
      if (job === 'age') {
        collectAll();
        await ageAnswering?.();
        return { type: 'aged' };
      }
      const measured = await closedLoop(tasks[job.task]!, answeringCpu, job);
      await settled?.();
      return { type: 'measured', measured };
    } catch (error) {
      return { type: 'failed', why: error instanceof Error ? error.stack! : String(error) };
    }
  };
  process.on('message', (job: Command) => void run(job).then(send));
  process.once('disconnect', close);
  send({ type: 'ready' });
}

function send(report: Report): void {
  process.send!(report);
}
