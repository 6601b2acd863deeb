import { ProcessBackend } from 'nestjs-flame';
import type { BootRequest, Machine } from 'nestjs-flame';
import { pidOf } from './trial-backends.js';

/** A process backend that records its processes, including those that have not attached yet. */
export class WatchedBackend extends ProcessBackend {
  readonly alive = new Set<number>();

  override async boot(request: BootRequest): Promise<Machine> {
    const machine = await super.boot(request);
    const pid = pidOf(machine.id);
    this.alive.add(pid);
    void machine.exited.then(() => this.alive.delete(pid));
    return machine;
  }
}
