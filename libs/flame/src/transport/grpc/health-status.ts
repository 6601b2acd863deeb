import type { Server } from '@grpc/grpc-js';
import type { HealthService } from './health-service.js';

/**
 * The health of the app and its parts, served as `grpc.health.v1.Health` on any number of servers. The service name of the app is ''. Each
 * part has a service name of its own.
 */
export class HealthStatus {
  readonly #states = new Map<string, boolean>();
  readonly #services: HealthService[] = [];

  set(service: string, serving: boolean): void {
    if (this.#states.get(service) === serving) return;
    this.#states.set(service, serving);
    for (const health of this.#services) health.changed(service);
  }

  /** Reports every service as not serving. */
  close(): void {
    for (const service of this.#states.keys()) this.set(service, false);
  }

  /** Loads gRPC. */
  async addTo(server: Server): Promise<void> {
    const { HealthService } = await import('./health-service.js');
    const health = new HealthService(this.#states);
    this.#services.push(health);
    health.addTo(server);
  }
}
