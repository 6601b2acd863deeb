import 'reflect-metadata';
import cluster from 'node:cluster';
import { bootstrap, tell } from './app.module.js';

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => tell(`worker ${worker.id} is online`));
  await bootstrap();
  process.once('SIGTERM', () => worker.disconnect());
} else process.on('disconnect', () => process.exit());
