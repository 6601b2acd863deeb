import 'reflect-metadata';
import cluster from 'node:cluster';
import { bootstrap, tell } from './app.module.js';

tell(`is worker ${cluster.worker!.id}`);
process.send!('hello');
await bootstrap();
