import 'reflect-metadata';
import { FlameParent } from 'nestjs-flame';
import { bootstrap } from './app.module.js';

if (!FlameParent.get()) await bootstrap();
