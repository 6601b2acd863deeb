import { Module } from '@nestjs/common';
import { FlameModule, FlameParent, ProcessBackend } from 'nestjs-flame';
import { FilmsGateway } from './films.gateway.js';
import { FilmsService } from './films.service.js';
import { RoomsEmitter } from './rooms-emitter.service.js';

@Module({
  imports: [FlameModule.forRoot([{ name: 'films', max: 1 }], { backend: new ProcessBackend() })],
  providers: [FilmsService, RoomsEmitter, ...FlameParent.unlessRunner([FilmsGateway])],
})
export class AppModule {}
