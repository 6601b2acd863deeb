import { Module } from '@nestjs/common';
import { FlameModule, ProcessBackend } from 'nestjs-flame';
import { HashesController } from './hashes.controller.js';
import { HashesService } from './hashes.service.js';

@Module({
  imports: [FlameModule.forRoot([{ name: 'hashes', min: 1, max: 1 }], { backend: new ProcessBackend() })],
  controllers: [HashesController],
  providers: [HashesService],
})
export class AppModule {}
