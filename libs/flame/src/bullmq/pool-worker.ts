import type { Worker } from 'bullmq';
import type { FlamePool } from '../nest/flame/flame-pool.js';

/**
 * Starts a worker that takes at most as many jobs as its pool has slots, so that jobs wait in their queue and not in the pool. The worker
 * takes none while the pool is paused, and none once the pool drains. `most` is a lower limit.
 */
export function startPoolWorker(worker: Worker, pool: FlamePool, most: number): void {
  const fit = (): void => {
    const { max, maxConcurrency } = pool.stats();
    worker.concurrency = Math.min(most, max * maxConcurrency);
  };
  fit();
  pool.events$.subscribe(({ type }) => {
    switch (type) {
      case 'paused':
      case 'draining':
        return report(worker, worker.pause(true));
      case 'unpaused':
        return report(worker, worker.resume());
      case 'resized':
        fit();
        // A worker whose jobs take all of its former concurrency looks at the new one when a job ends, or when it is resumed.
        if (!worker.isPaused())
          report(
            worker,
            worker.pause(true).then(() => worker.resume()),
          );
    }
  });
  if (pool.stats().paused === undefined) startWorker(worker);
}

export function startWorker(worker: Worker): void {
  report(worker, worker.run());
}

/** Reports a failure as BullMQ does. */
function report(worker: Worker, promise: Promise<void>): void {
  promise.catch((error: Error) => worker.emit('error', error));
}
