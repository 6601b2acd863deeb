import 'reflect-metadata';
import cluster from 'node:cluster';
import { bootstrap } from './app.module.js';
import { forkWorkers } from './primary.js';

if (cluster.isPrimary) forkWorkers();
else await bootstrap();
