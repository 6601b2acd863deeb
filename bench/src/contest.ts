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
  /** Ends whatever this process has started, and this process. */
  readonly close: () => void;
}

/** A contestant's side: measures what the bench asks for until it is disconnected, which is also what happens when the bench dies. */
export function contest({ tasks, answeringCpu, close }: Contest): void {
  process.on('message', (job: Job) => {
    closedLoop(tasks[job.task]!, answeringCpu, job).then(
      (measured) => tell({ is: 'measured', measured }),
      (error: unknown) => tell({ is: 'failed', why: error instanceof Error ? error.stack! : String(error) }),
    );
  });
  process.once('disconnect', close);
  tell({ is: 'ready' });
}

function tell(report: Report): void {
  process.send!(report);
}
