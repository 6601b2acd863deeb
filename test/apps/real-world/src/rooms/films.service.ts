import { Injectable } from '@nestjs/common';
import { OnFlame } from 'nestjs-flame';
import { RoomsEmitter } from './rooms-emitter.service.js';

@Injectable()
export class FilmsService {
  constructor(private readonly rooms: RoomsEmitter) {}

  /** Tells every follower of the film about each frame, whichever instance of the app the follower is connected to. */
  @OnFlame('films')
  async render(film: string, frames: number): Promise<{ renderedBy: number }> {
    for (let frame = 1; frame <= frames; frame++) this.rooms.to(film).emit('frame', { film, frame, renderedBy: process.pid });
    return { renderedBy: process.pid };
  }
}
