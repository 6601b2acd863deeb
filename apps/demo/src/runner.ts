import { FlameRunner } from 'nestjs-flame';
import { AppModule } from './app.module.js';

void FlameRunner.start(AppModule);
