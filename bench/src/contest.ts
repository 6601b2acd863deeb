import { closedLoop } from './closed-loop.js';
import type { Call, Job, Measured } from './closed-loop.js';

/** What a contestant's process says to the bench. */
export type Report =
  { readonly is: 'ready' } | { readonly is: 'measured'; readonly measured: Measured } | { readonly is: 'failed'; readonly why: string };

/** What a contestant can do. */
export interface Contest {
  readonly tasks: Readonly<Record<string, Call>>;
  /** The CPU time so far of the process that answers. */
  readonly answeringCpu: () => Promise<number>;
  /** Resolves when what a job has left behind is gone, so that the next one is not disturbed. */
  readonly settled?: () => Promise<void>;
  /** Ends whatever this process has started, and this process. */
  readonly close: () => void;
}

/** A contestant's side: measures what the bench asks for until it is disconnected, which is also what happens when the bench dies. */
export function contest({ tasks, answeringCpu, settled, close }: Contest): void {
  const run = async (job: Job): Promise<Report> => {
    try {
      const measured = await closedLoop(tasks[job.task]!, answeringCpu, job);
      await settled?.();
      return { is: 'measured', measured };
    } catch (error) {
      return { is: 'failed', why: error instanceof Error ? error.stack! : String(error) };
    }
  };
  process.on('message', (job: Job) => void run(job).then(tell));
  process.once('disconnect', close);
  tell({ is: 'ready' });
}

function tell(report: Report): void {
  process.send!(report);
}
