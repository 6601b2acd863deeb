import { Module } from '@nestjs/common';
import { FlameModule, ProcessBackend } from 'nestjs-flame';
import { ImagesController } from './images.controller.js';
import { ImagesService } from './images.service.js';

@Module({
  imports: [FlameModule.forRoot([{ name: 'images', max: 2, maxConcurrency: 4 }], { backend: new ProcessBackend() })],
  controllers: [ImagesController],
  providers: [ImagesService],
})
export class AppModule {}
