import 'reflect-metadata';
import { bootstrap } from './app.module.js';

const app = await bootstrap();
process.send!('ready');
process.once('SIGINT', () => void app.close().then(() => process.exit()));
