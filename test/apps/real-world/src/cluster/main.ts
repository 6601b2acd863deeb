import { AppCluster } from './app-cluster.js';
import { bootstrap } from './bootstrap.js';

AppCluster.clusterize(2, bootstrap);
