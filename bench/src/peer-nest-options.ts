import { join } from 'node:path';
import type { GrpcOptions } from '@nestjs/microservices';

/** Options for both server and client. */
export function nestGrpcOptions(url: string): GrpcOptions['options'] {
  return { url, package: 'bench', protoPath: join(import.meta.dirname, '../src/peer-nest.proto') };
}
