import type { LocalMachine, MachineExit } from '../backends/backend.js';
import { BootError } from '../core/errors/boot-error.js';
import type { Clock } from '../core/clock.js';
import { FlameError } from '../core/errors/flame-error.js';

/** A runner of the test backend, as the faults reach it. */
export interface FaultyRunner {
  readonly machine: LocalMachine;
  /** Tells the pool that the machine is gone. */
  readonly vanish: (exit: MachineExit) => void;
}

/** What happens to the boots to come. */
export type BootFault = { readonly delay: number } | { readonly refuse: BootError };

/**
 * What can go wrong, at a test's word: boots that are late or fail, runners that die, connections that are cut. Injectable in an app with
 * `FlameTestingModule`.
 */
export class FlameFaults {
  readonly #runners = new Map<string, FaultyRunner>();
  readonly #boots: BootFault[] = [];
  readonly #clock: Clock;
  readonly #reconnectTimeout: number;

  /** Made by `FlameTestingModule`. */
  constructor(clock: Clock, reconnectTimeout: number) {
    this.#clock = clock;
    this.#reconnectTimeout = reconnectTimeout;
  }

  /** The runners that are up, by id. */
  get runners(): readonly string[] {
    return [...this.#runners.keys()];
  }

  /** The next boot takes `delay` milliseconds longer. */
  delayBoot(delay: number): void {
    this.#boots.push({ delay });
  }

  /** The next boot fails; with `fatal` it says that trying again cannot help. */
  refuseBoot(reason: string, options: { fatal?: boolean } = {}): void {
    this.#boots.push({ refuse: new BootError(`test: ${reason}`, { phase: 'create', fatal: options.fatal }) });
  }

  /** A runner dies at once, with all that runs on it; the only one, if it is not named. */
  dropRunner(id?: string, how = 'killed by SIGKILL'): void {
    const [runner, { machine, vanish }] = this.#find(id, 'dropRunner');
    this.#runners.delete(runner);
    vanish({ how: 'signal', signal: 'SIGKILL', text: how });
    void machine.stop(0);
  }

  /**
   * The connection to a runner breaks for `duration` milliseconds. Shorter than the module's `reconnectTimeout`, nothing is lost or
   * repeated; longer, the runner counts as lost.
   */
  cutSession(duration: number, id?: string): void {
    const [runner, { machine, vanish }] = this.#find(id, 'cutSession');
    machine.cut();
    if (duration < this.#reconnectTimeout) {
      this.#clock.after(duration, () => machine.mend());
      return;
    }
    this.#clock.after(this.#reconnectTimeout, () => {
      this.#runners.delete(runner);
      vanish({ how: 'vanished', text: `disconnected: the connection did not come back within ${this.#reconnectTimeout} ms` });
      void machine.stop(0);
    });
  }

  /** The fault of the boot that begins now. For the test backend. */
  nextBoot(): BootFault | undefined {
    return this.#boots.shift();
  }

  /** A runner is up. For the test backend. */
  attached(id: string, runner: FaultyRunner): void {
    this.#runners.set(id, runner);
    void runner.machine.exited.then(() => this.#runners.delete(id));
  }

  #find(id: string | undefined, fault: string): [string, FaultyRunner] {
    const candidates = [...this.#runners].filter(([runner]) => id === undefined || runner === id);
    if (candidates.length === 1) return candidates[0]!;
    const there = this.runners.join(', ') || 'none';
    const problem =
      candidates.length === 0 ? `finds no runner${id === undefined ? '' : ` "${id}"`}` : 'does not know which runner is meant';
    throw new FlameError('FLAME_CONFIG', `${fault}() ${problem}; up are: ${there}. Name one of them.`);
  }
}
