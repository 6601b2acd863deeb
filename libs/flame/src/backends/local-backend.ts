import type { Check } from '../core/check.js';
import { FlameBackend } from './backend.js';
import type { BootRequest, Machine } from './backend.js';

/**
 * Runs every runner in the parent's own process. It starts no process and sends nothing over a network, but the pool's limits, the codec
 * and the errors are the same as in production. For development, for tests, and for apps that do not need more machines yet.
 *
 * Runners share the parent's event loop: a handler that blocks it blocks the parent.
 */
export class LocalBackend extends FlameBackend {
  readonly name = 'local';
  readonly reach = 'memory';

  async boot(request: BootRequest): Promise<Machine> {
    const { signal } = request;
    signal.throwIfAborted();
    const machine = await request.inProcess();
    if (signal.aborted) await machine.stop(0);
    signal.throwIfAborted();
    signal.addEventListener('abort', () => void machine.stop(0), { once: true });
    return machine;
  }

  override async examine(): Promise<readonly Check[]> {
    return [{ name: 'engine', ok: true, message: 'this process: runners share its event loop and its memory' }];
  }
}
