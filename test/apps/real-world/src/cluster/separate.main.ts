import cluster from 'node:cluster';
import { join } from 'node:path';
import { AppCluster } from './app-cluster.js';

// The servers have an entry of their own, which knows nothing of the cluster.
cluster.setupPrimary({ exec: join(process.argv[1], '../server.js') });
AppCluster.clusterize(2, async () => undefined);
