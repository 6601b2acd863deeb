import { Job } from 'bullmq';
import type { JobProgress } from 'bullmq';
import { FlameError } from '../core/errors/flame-error.js';
import { FlameCall } from '../runner/executor/flame-call.js';

/** The fields of a job that are copied to the runner. */
const copied = [
  'id',
  'name',
  'queueName',
  'data',
  'opts',
  'progress',
  'attemptsMade',
  'attemptsStarted',
  'stalledCounter',
  'timestamp',
  'delay',
  'priority',
  'processedOn',
  'parentKey',
  'parent',
  'repeatJobKey',
  'deduplicationId',
] as const satisfies readonly (keyof Job)[];

/**
 * A BullMQ job as the `process` method of a `@FlameProcessor` gets it on a runner: a copy of the fields of the job when it began, with
 * these two methods. Every other method of a job needs a connection to Redis and throws a `FlameError`; inject the queue, and ask it.
 */
export interface FlameJob<Data = unknown, Name extends string = string> extends Readonly<
  Pick<Job<Data, unknown, Name>, (typeof copied)[number]>
> {
  /**
   * Sends the job's progress to the parent, which stores it. Resolves when it is sent. The job fails if it cannot be stored; the job is not
   * completed before.
   */
  updateProgress(progress: JobProgress): Promise<void>;
  /** Sends a line for the job's log to the parent, which stores it, as `updateProgress` does. */
  log(row: string): Promise<unknown>;
}

/** The copy of a job that is sent to a runner. */
export type JobCopy = Pick<Job, (typeof copied)[number]>;

/** A message from the runner about its job. */
export type JobUpdate = { readonly progress: JobProgress } | { readonly row: string };

export function copyOf(job: Job): JobCopy {
  return Object.fromEntries(copied.map((field) => [field, job[field]])) as unknown as JobCopy;
}

/** The job of the current call. */
export function jobOnRunner(copy: JobCopy): FlameJob {
  return Object.assign(new RemoteJob(FlameCall.current()), copy) as unknown as FlameJob;
}

class RemoteJob {
  readonly #call: FlameCall | undefined;

  constructor(call: FlameCall | undefined) {
    this.#call = call;
  }

  async updateProgress(progress: JobProgress): Promise<void> {
    this.#call?.progress({ progress } satisfies JobUpdate);
  }

  async log(row: string): Promise<void> {
    this.#call?.progress({ row } satisfies JobUpdate);
  }
}

for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(Job.prototype))) {
  if (typeof value !== 'function' || name === 'toJSON' || name in RemoteJob.prototype) continue;
  Object.defineProperty(RemoteJob.prototype, name, {
    value(this: JobCopy): never {
      throw needsRedis(name, this);
    },
  });
}

function needsRedis(method: string, { id, queueName }: JobCopy): FlameError {
  return new FlameError(
    'FLAME_CONFIG',
    `job.${method}() was called on a runner, where job ${id} of queue "${queueName}" is a copy without a connection to Redis. ` +
      `Call it on the job of an injected queue: (await this.queue.getJob(job.id)).${method}(…).`,
  );
}
