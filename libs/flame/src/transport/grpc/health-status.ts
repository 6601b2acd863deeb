import type { Server } from '@grpc/grpc-js';
import type * as HealthCheck from 'grpc-health-check';

/**
 * The health of the app and its parts, served as `grpc.health.v1.Health` on any number of servers. The service name of the app is ''. Each
 * part has a service name of its own.
 */
export class HealthStatus {
  readonly #states = new Map<string, boolean>();
  readonly #listeners: ((service: string, serving: boolean) => void)[] = [];

  set(service: string, serving: boolean): void {
    if (this.#states.get(service) === serving) return;
    this.#states.set(service, serving);
    for (const report of this.#listeners) report(service, serving);
  }

  /** Reports every service as not serving. */
  close(): void {
    for (const service of this.#states.keys()) this.set(service, false);
  }

  async addTo(server: Server): Promise<void> {
    const { HealthImplementation } = await loadHealthService();
    const health = new HealthImplementation();
    const report = (service: string, serving: boolean): void => health.setStatus(service, serving ? 'SERVING' : 'NOT_SERVING');
    for (const [service, serving] of this.#states) report(service, serving);
    this.#listeners.push(report);
    health.addToServer(server);
  }
}

/** Loads the service, with the parser of .proto files that it needs: 30 to 50 ms. */
export function loadHealthService(): Promise<typeof HealthCheck> {
  return import('grpc-health-check');
}
