import type { MethodDefinition } from '@grpc/grpc-js';
import { asIs } from '../protocol/protobuf.js';

/**
 * A method of a gRPC service that reads and writes messages as bytes. Both directions are streams, also for a method with one request: so
 * the request arrives as it was sent, and not decompressed before the peer has authenticated. On the wire there is no difference.
 */
export function rawStream(path: string, originalName: string): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    originalName,
    requestStream: true,
    responseStream: true,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}
