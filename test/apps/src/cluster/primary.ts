import cluster from 'node:cluster';

/** Forks two workers, each of which is replaced when it fails, and ends them on SIGTERM. */
export function forkWorkers(): void {
  for (let count = 0; count < 2; count++) cluster.fork();
  cluster.on('exit', (_worker, code) => void (code !== 0 && cluster.fork()));
  process.once('SIGTERM', () => cluster.disconnect());
}
