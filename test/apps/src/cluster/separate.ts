import cluster from 'node:cluster';
import { join } from 'node:path';
import { forkWorkers } from './primary.js';

cluster.setupPrimary({ exec: join(import.meta.dirname, 'worker.js'), args: ['--worker'], execArgv: ['--no-warnings'] });
forkWorkers();
