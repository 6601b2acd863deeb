import type { Job } from 'bullmq';
import type { JobUpdate } from './flame-job.js';

/** Stores what a runner reports about its job, one update after the other. */
export class JobUpdates {
  readonly #job: Job;
  #stored: Promise<unknown> = Promise.resolve();

  constructor(job: Job) {
    this.#job = job;
  }

  /** Resolves when all updates so far are stored. Rejects with the first error, after which no update is stored. */
  get stored(): Promise<unknown> {
    return this.#stored;
  }

  /** Takes a value of the call's progress. */
  readonly store = (value: unknown): void => {
    const update = value as JobUpdate;
    this.#stored = this.#stored.then((): Promise<unknown> =>
      'row' in update ? this.#job.log(update.row) : this.#job.updateProgress(update.progress),
    );
    // The error is that of `stored`, which is awaited when the handler has ended.
    this.#stored.catch(() => undefined);
  };
}
