import type { ServerHttp2Stream } from 'node:http2';
import { Server, type ServerOptions } from '@grpc/grpc-js';

/**
 * A gRPC server that passes over streams which are gone before it sees them.
 *
 * grpc-js (1.14) answers a call of a method that there is not, or of another content type, without looking whether its stream is still there; what Node's
 * HTTP/2 throws then ends the process. Whoever opens such a stream and resets it in the same breath brings that about, before any token was shown. Should
 * the internals go that this needs, its tests fail.
 */
export function makeGrpcServer(options: ServerOptions): Server {
  const server = new Server(options);
  const internals = server as unknown as { _streamHandler?: StreamHandler; _channelzHandler?: StreamHandler };
  for (const name of ['_streamHandler', '_channelzHandler'] as const) {
    const handle = internals[name];
    if (handle === undefined) continue;
    internals[name] = function (interceptors, stream, headers) {
      if (!stream.destroyed && !stream.closed) return handle.call(this, interceptors, stream, headers);
      // What is still said of it is of no use to anybody.
      stream.on('error', () => {});
    };
  }
  return server;
}

type StreamHandler = (this: unknown, interceptors: unknown, stream: ServerHttp2Stream, headers: unknown) => void;
