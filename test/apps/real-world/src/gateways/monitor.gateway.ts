import { UseFilters } from '@nestjs/common';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WordsService } from './words.service.js';
import { WsExceptionFilter } from './ws-exception.filter.js';

/** On a port of its own. */
@UseFilters(new WsExceptionFilter())
@WebSocketGateway(Number(process.env.MONITOR_PORT), { cors: true })
export class MonitorGateway {
  constructor(private readonly words: WordsService) {}

  @SubscribeMessage('count')
  async count(@MessageBody() text: string) {
    return { event: 'counted', data: await this.words.count(text) };
  }
}
