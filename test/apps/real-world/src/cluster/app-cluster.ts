import cluster from 'node:cluster';

/** Forks the servers, replaces those that die, and ends with them. */
export class AppCluster {
  static clusterize(servers: number, bootstrap: () => Promise<void>): void {
    if (!cluster.isPrimary) return void bootstrap();
    let leaving = false;
    console.log(`Primary ${process.pid} forks ${servers} servers`);
    for (let server = 0; server < servers; server++) cluster.fork();
    cluster.on('exit', () => {
      if (!leaving) cluster.fork();
    });
    process.on('SIGTERM', () => {
      leaving = true;
      for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM');
    });
  }
}
