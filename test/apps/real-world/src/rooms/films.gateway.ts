import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { Socket } from 'socket.io';
import { FilmsService } from './films.service.js';

@WebSocketGateway()
export class FilmsGateway {
  constructor(private readonly films: FilmsService) {}

  @SubscribeMessage('follow')
  async follow(@MessageBody() film: string, @ConnectedSocket() client: Socket): Promise<string> {
    await client.join(film);
    return film;
  }

  @SubscribeMessage('render')
  render(@MessageBody() film: string): Promise<{ renderedBy: number }> {
    return this.films.render(film, 3);
  }
}
