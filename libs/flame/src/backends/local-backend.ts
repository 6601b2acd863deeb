import type { Check } from '../core/check.js';
import { FlameBackend } from './backend.js';
import type { BootRequest, Machine } from './backend.js';

/**
 * Runs every runner in the parent's own process: no process is started and nothing leaves the machine, yet the pool's limits, the codec and
 * the errors are the ones of production. For development, for tests, and for an app that wants to grow later.
 *
 * Runners share the parent's event loop: a handler that blocks it blocks the parent.
 */
export class LocalBackend extends FlameBackend {
  readonly name = 'local';
  readonly reach = 'memory';

  async boot(order: BootRequest): Promise<Machine> {
    const { signal } = order;
    signal.throwIfAborted();
    const machine = await order.inProcess();
    if (signal.aborted) await machine.stop(0);
    signal.throwIfAborted();
    signal.addEventListener('abort', () => void machine.stop(0), { once: true });
    return machine;
  }

  override async examine(): Promise<readonly Check[]> {
    return [{ name: 'engine', ok: true, message: 'this process: runners share its event loop and its memory' }];
  }
}
