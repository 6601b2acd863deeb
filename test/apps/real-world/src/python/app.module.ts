import { Module } from '@nestjs/common';
import { FlameModule, ProcessBackend } from 'nestjs-flame';
import { Classifier } from './classifier.js';
import { TextsController } from './texts.controller.js';
import { TextsService } from './texts.service.js';

@Module({
  imports: [FlameModule.forRoot([{ name: 'python', max: 1, maxConcurrency: 4 }], { backend: new ProcessBackend(), linkToRequest: true })],
  controllers: [TextsController],
  providers: [TextsService, Classifier],
})
export class AppModule {}
