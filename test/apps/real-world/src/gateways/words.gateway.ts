import { UseFilters } from '@nestjs/common';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WordsService } from './words.service.js';
import { WsExceptionFilter } from './ws-exception.filter.js';

/** On the server that serves HTTP. */
@UseFilters(new WsExceptionFilter())
@WebSocketGateway({ cors: true })
export class WordsGateway {
  constructor(private readonly words: WordsService) {}

  @SubscribeMessage('count')
  async count(@MessageBody() text: string) {
    return { event: 'counted', data: await this.words.count(text) };
  }
}
