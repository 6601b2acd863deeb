import cluster from 'node:cluster';

/** Forks two workers, and ends them on SIGTERM. */
export function forkWorkers(): void {
  for (let count = 0; count < 2; count++) cluster.fork();
  process.once('SIGTERM', () => cluster.disconnect());
}
