import type { Server } from '@grpc/grpc-js';

/** What is up and what is not, as `grpc.health.v1.Health` tells it on any number of servers: '' for the whole, a name for each part. */
export class HealthStatus {
  readonly #states = new Map<string, boolean>();
  readonly #tellers: ((service: string, serving: boolean) => void)[] = [];

  set(service: string, serving: boolean): void {
    this.#states.set(service, serving);
    for (const tell of this.#tellers) tell(service, serving);
  }

  /** Nothing is up any more. */
  close(): void {
    for (const service of this.#states.keys()) this.set(service, false);
  }

  async addTo(server: Server): Promise<void> {
    const { HealthImplementation } = await import('grpc-health-check');
    const health = new HealthImplementation();
    const tell = (service: string, serving: boolean): void => health.setStatus(service, serving ? 'SERVING' : 'NOT_SERVING');
    for (const [service, serving] of this.#states) tell(service, serving);
    this.#tellers.push(tell);
    health.addToServer(server);
  }
}
