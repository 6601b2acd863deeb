import { ArgumentsHost, Catch } from '@nestjs/common';
import { BaseWsExceptionFilter, WsException } from '@nestjs/websockets';
import type { Socket } from 'socket.io';
import type { WebSocket } from 'ws';

/** Nest's own filter emits as socket.io does, which a WebSocket of `ws` does not send. */
@Catch(WsException)
export class WsExceptionFilter extends BaseWsExceptionFilter {
  catch(exception: WsException, host: ArgumentsHost): void {
    const client = host.switchToWs().getClient<Socket | WebSocket>();
    if ('nsp' in client) return super.catch(exception, host);
    client.send(JSON.stringify({ event: 'exception', data: { status: 'error', message: exception.message } }));
  }
}
