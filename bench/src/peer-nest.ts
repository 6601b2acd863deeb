import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ClientProxyFactory, Transport } from '@nestjs/microservices';
import type { ClientGrpc } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import { firstValueFrom } from 'rxjs';
import { contest } from './contest.js';
import { nestGrpcOptions } from './peer-nest-options.js';

/** Nest's gRPC microservice in another process, with Nest's client. */
const url = `unix:${join(process.argv[2]!, 'nest.sock')}`;
const server = fork(join(import.meta.dirname, 'peer-nest-server.js'), [url]);
server.once('exit', (code) => process.exit(code ?? 1));
await once(server, 'message');
const client = ClientProxyFactory.create({ transport: Transport.GRPC, options: nestGrpcOptions(url) }) as unknown as ClientGrpc;
const service = client.getService<{ number(request: { value: number }): Observable<{ value: number }> }>('Echo');
let last = 0;

contest({
  tasks: {
    async echo() {
      const value = ++last;
      if ((await firstValueFrom(service.number({ value }))).value !== value) throw new Error('another number came back');
    },
  },
  answeringCpu: async () => {
    server.send('cpu');
    return ((await once(server, 'message')) as [number])[0];
  },
  close: () => process.exit(),
});
