import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { sendUnaryData, ServerDuplexStream, ServerUnaryCall } from '@grpc/grpc-js';
import { idleApp } from './app/idle-app.js';
import { cpuTime } from './closed-loop.js';
import { collectAll } from './full-collection.js';
import { bodyOf } from './raw-bodies.js';
import { RawReader, RawWriter } from './raw-frames.js';
import { rawOptions, rawService } from './raw-grpc.js';

if (process.argv[3]) await idleApp();

/** The server of the raw contestants: answers with the requested number of bytes, or with the request. */
const server = new Server(rawOptions);
server.addService(rawService, {
  batched(stream: ServerDuplexStream<Buffer, Buffer>) {
    const writer = new RawWriter((message) => stream.write(message));
    const reader = new RawReader((id, ask, body) => writer.send(id, 0, ask === 0 ? body : bodyOf(ask)));
    stream.on('data', (message: Buffer) => reader.read(message));
    stream.on('end', () => stream.end());
  },
  unary({ request }: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
    const ask = request.readUInt32LE(0);
    answer(null, ask === 0 ? request : bodyOf(ask));
  },
});

server.bindAsync(process.argv[2]!, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  process.on('message', (asked) => {
    if (asked === 'age') collectAll();
    process.send!(cpuTime());
  });
  process.once('disconnect', () => process.exit());
  process.send!('listening');
});
