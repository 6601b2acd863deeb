import { Module } from '@nestjs/common';
import { FlameModule, ProcessBackend } from 'nestjs-flame';
import { FilesController } from './files.controller.js';
import { FilesService } from './files.service.js';

@Module({
  imports: [FlameModule.forRoot([{ name: 'files', max: 1 }], { backend: new ProcessBackend(), linkToRequest: true })],
  controllers: [FilesController],
  providers: [FilesService],
})
export class AppModule {}
