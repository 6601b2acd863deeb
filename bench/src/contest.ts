import { closedLoop } from './closed-loop.js';
import { collectAll } from './full-collection.js';
import type { Call, Job, Measured } from './closed-loop.js';

/** What the bench asks a contestant's process for: to do a job, or to be as a process that has been up for a while, see `collectAll`. */
export type Order = Job | 'age';

/** What a contestant's process says to the bench. */
export type Report =
  | { readonly is: 'ready' }
  | { readonly is: 'aged' }
  | { readonly is: 'measured'; readonly measured: Measured }
  | { readonly is: 'failed'; readonly why: string };

/** What a contestant can do. */
export interface Contest {
  readonly tasks: Readonly<Record<string, Call>>;
  /** The CPU time so far of the process that answers. */
  readonly answeringCpu: () => Promise<number>;
  /** Has the process that answers collect all of its heap. */
  readonly ageAnswering?: () => Promise<void>;
  /** Resolves when what a job has left behind is gone, so that the next one is not disturbed. */
  readonly settled?: () => Promise<void>;
  /** Ends whatever this process has started, and this process. */
  readonly close: () => void;
}

/** A contestant's side: measures what the bench asks for until it is disconnected, which is also what happens when the bench dies. */
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
