import { FlameBackend } from './backend.js';
import type { BootOrder, Machine } from './backend.js';

/**
 * Runs every runner in the parent's own process: no process is started and nothing leaves the machine, yet the pool's limits, the codec and the errors
 * are the ones of production. For development, for tests, and for an app that wants to grow later.
 *
 * Runners share the parent's event loop: a handler that blocks it blocks the parent.
 */
export class LocalBackend extends FlameBackend {
  readonly name = 'local';
  readonly reach = 'memory';

  boot(order: BootOrder): Promise<Machine> {
    return order.inProcess();
  }
}
