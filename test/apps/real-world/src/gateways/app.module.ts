import { Module } from '@nestjs/common';
import { FlameModule, ProcessBackend } from 'nestjs-flame';
import { MonitorGateway } from './monitor.gateway.js';
import { WordsGateway } from './words.gateway.js';
import { WordsService } from './words.service.js';

@Module({
  imports: [FlameModule.forRoot([{ name: 'words', max: 1 }], { backend: new ProcessBackend() })],
  providers: [WordsService, WordsGateway, MonitorGateway],
})
export class AppModule {}
