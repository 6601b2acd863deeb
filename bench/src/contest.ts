import { closedLoop } from './closed-loop.js';
import { collectAll } from './full-collection.js';
import type { Call, Job, Measured } from './closed-loop.js';

/** A message of the bench to a contestant's process: run a job, or `age`, which brings the heap into the state of a long-running process. */
export type Order = Job | 'age';

/** A message of a contestant's process to the bench. */
export type Report =
  | { readonly is: 'ready' }
  | { readonly is: 'aged' }
  | { readonly is: 'measured'; readonly measured: Measured }
  | { readonly is: 'failed'; readonly why: string };

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

/** Runs in a contestant's process: executes the bench's orders until the bench disconnects or dies. */
export function contest({ tasks, answeringCpu, ageAnswering, settled, close }: Contest): void {
  const run = async (job: Order): Promise<Report> => {
    try {
      if (job === 'age') {
        collectAll();
        await ageAnswering?.();
        return { is: 'aged' };
      }
      const measured = await closedLoop(tasks[job.task]!, answeringCpu, job);
      await settled?.();
      return { is: 'measured', measured };
    } catch (error) {
      return { is: 'failed', why: error instanceof Error ? error.stack! : String(error) };
    }
  };
  process.on('message', (job: Order) => void run(job).then(tell));
  process.once('disconnect', close);
  tell({ is: 'ready' });
}

function tell(report: Report): void {
  process.send!(report);
}
