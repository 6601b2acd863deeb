import type { Server } from '@grpc/grpc-js';
import { importPeer } from '../core/optional-peer.js';
import { metricsContract } from './metrics-messages.js';

/**
 * Adds reflection for `flame.v1.Metrics` and its messages. Health is not included, because it is a standard service that clients know.
 *
 * @throws {FlameError} FLAME_CONFIG without `@grpc/reflection`.
 */
export async function addReflection(server: Server): Promise<void> {
  const { ReflectionService } = await importPeer('ops.reflection', '@grpc/reflection', () => import('@grpc/reflection'));
  new ReflectionService(await metricsContract()).addToServer(server);
}
