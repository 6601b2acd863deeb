import { FlameBackend } from '../backends/backend.js';
import type { BootRequest, Machine, MachineExit } from '../backends/backend.js';
import type { Clock } from '../core/clock.js';
import type { FlameFaults } from './flame-faults.js';

/** LocalBackend, with the faults that a test causes. */
export class TestBackend extends FlameBackend {
  readonly name = 'test';
  readonly reach = 'memory';
  override readonly forAllPools = true;
  readonly #faults: FlameFaults;
  readonly #clock: Clock;

  constructor(faults: FlameFaults, clock: Clock) {
    super();
    this.#faults = faults;
    this.#clock = clock;
  }

  async boot(request: BootRequest): Promise<Machine> {
    const fault = this.#faults.nextBoot();
    if (fault && 'refuse' in fault) throw fault.refuse;
    if (fault) await this.#wait(fault.delay, request.signal);
    const machine = await request.inProcess();
    let vanish!: (exit: MachineExit) => void;
    const exited = new Promise<MachineExit>((resolve) => (vanish = resolve));
    void machine.exited.then(vanish);
    this.#faults.attached(request.runner, { machine, vanish });
    return { id: machine.id, exited, stop: (grace) => machine.stop(grace) };
  }

  #wait(delay: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(delay, resolve);
      signal.addEventListener(
        'abort',
        () => {
          cancel();
          reject(signal.reason as Error);
        },
        { once: true },
      );
    });
  }
}
