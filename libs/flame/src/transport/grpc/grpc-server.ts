import type { ServerHttp2Stream } from 'node:http2';
import { Server, type ServerOptions } from '@grpc/grpc-js';

/**
 * Makes a gRPC server that ignores streams that closed before it handles them.
 *
 * grpc-js (1.14) answers a call of an unknown method or content type without a check that its stream is still open. Node's HTTP/2 then
 * throws, and the process ends. A client without a token can cause this: it opens such a stream and resets it at once. This function uses
 * internals of grpc-js; its tests fail when those change.
 */
export function makeGrpcServer(options: ServerOptions): Server {
  const server = new Server(options);
  const internals = server as unknown as { _streamHandler?: StreamHandler; _channelzHandler?: StreamHandler };
  for (const name of ['_streamHandler', '_channelzHandler'] as const) {
    const handle = internals[name];
    if (handle === undefined) continue;
    internals[name] = function (interceptors, stream, headers) {
      if (!stream.destroyed && !stream.closed) return handle.call(this, interceptors, stream, headers);
      // Later errors of a closed stream do not matter.
      stream.on('error', () => {});
    };
  }
  return server;
}

type StreamHandler = (this: unknown, interceptors: unknown, stream: ServerHttp2Stream, headers: unknown) => void;
