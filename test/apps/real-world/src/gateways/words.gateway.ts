import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WordsService } from './words.service.js';

/** On the server that serves HTTP. */
@WebSocketGateway({ cors: true })
export class WordsGateway {
  constructor(private readonly words: WordsService) {}

  @SubscribeMessage('count')
  async count(@MessageBody() text: string) {
    return { event: 'counted', data: await this.words.count(text) };
  }
}
