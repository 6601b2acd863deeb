import type { LocalMachine, MachineExit } from '../backends/backend.js';
import { BootError } from '../core/errors/boot-error.js';
import type { Clock } from '../core/clock.js';
import { FlameError } from '../core/errors/flame-error.js';

/** A runner of the test backend, with access for faults. */
export interface FaultyRunner {
  readonly machine: LocalMachine;
  /** Reports to the pool that the machine is gone. */
  readonly vanish: (exit: MachineExit) => void;
}

/** The fault of one future boot. */
export type BootFault = { readonly delay: number } | { readonly refuse: BootError };

/**
 * Faults that a test can cause: boots that are slow or fail, runners that die, connections that break. Injectable in an app with
 * `FlameTestingModule`.
 */
export class FlameFaults {
  readonly #runners = new Map<string, FaultyRunner>();
  readonly #boots: BootFault[] = [];
  readonly #clock: Clock;
  readonly #reconnectTimeout: number;

  /** Used by `FlameTestingModule`. */
  constructor(clock: Clock, reconnectTimeout: number) {
    this.#clock = clock;
    this.#reconnectTimeout = reconnectTimeout;
  }

  /** The ids of the runners that are up. */
  get runners(): readonly string[] {
    return [...this.#runners.keys()];
  }

  /** Makes the next boot take `delay` milliseconds longer. */
  delayBoot(delay: number): void {
    this.#boots.push({ delay });
  }

  /** Makes the next boot fail. With `fatal`, the error says that a retry cannot help. */
  refuseBoot(reason: string, options: { fatal?: boolean } = {}): void {
    this.#boots.push({ refuse: new BootError(`test: ${reason}`, { phase: 'create', fatal: options.fatal }) });
  }

  /** Kills a runner at once, with all work on it. Without an id, kills the only runner. */
  dropRunner(id?: string, how = 'killed by SIGKILL'): void {
    const [runner, { machine, vanish }] = this.#find(id, 'dropRunner');
    this.#runners.delete(runner);
    vanish({ how: 'signal', signal: 'SIGKILL', text: how });
    void machine.stop(0);
  }

  /**
   * Interrupts the connection to a runner for `duration` milliseconds. If this is shorter than the module's `reconnectTimeout`, no call is
   * lost or repeated. Otherwise the runner counts as lost after `reconnectTimeout`.
   */
  cutSession(duration: number, id?: string): void {
    const [runner, { machine, vanish }] = this.#find(id, 'cutSession');
    machine.cut();
    if (duration < this.#reconnectTimeout) {
      this.#clock.after(duration, () => machine.restore());
      return;
    }
    this.#clock.after(this.#reconnectTimeout, () => {
      this.#runners.delete(runner);
      vanish({ how: 'vanished', text: `disconnected: the connection was not restored within ${this.#reconnectTimeout} ms` });
      void machine.stop(0);
    });
  }

  /** Takes the fault for the boot that begins now. For the test backend. */
  nextBoot(): BootFault | undefined {
    return this.#boots.shift();
  }

  /** Adds a runner that is up. For the test backend. */
  attached(id: string, runner: FaultyRunner): void {
    this.#runners.set(id, runner);
    void runner.machine.exited.then(() => this.#runners.delete(id));
  }

  #find(id: string | undefined, fault: string): [string, FaultyRunner] {
    const candidates = [...this.#runners].filter(([runner]) => id === undefined || runner === id);
    if (candidates.length === 1) return candidates[0]!;
    const there = this.runners.join(', ') || 'none';
    const problem =
      candidates.length === 0 ? `finds no runner${id === undefined ? '' : ` "${id}"`}` : 'needs the id of a runner, as several are up';
    throw new FlameError('FLAME_CONFIG', `${fault}() ${problem}. Runners that are up: ${there}. Pass the id of one of them.`);
  }
}
