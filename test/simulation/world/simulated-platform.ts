import { FlameBackend } from '../../../libs/flame/src/backends/backend.js';
import type { BootRequest, Machine, MachineExit } from '../../../libs/flame/src/backends/backend.js';
import { BootError } from '../../../libs/flame/src/core/errors/boot-error.js';
import type { ParentInfo } from '../../../libs/flame/src/core/parent-info.js';
import { diceFor } from './chance.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { SimulatedRunner } from './simulated-runner.js';

/** The parts of the world that a platform uses. */
export interface PlatformSetup {
  readonly seed: number;
  readonly parent: SimulatedProcess;
  newProcess(name: string): SimulatedProcess;
  start(process: SimulatedProcess, info: ParentInfo): SimulatedRunner;
  /** Called when a machine is requested, with the number of machines including it. */
  onMachine(machines: number): void;
}

/** Creates machines as platforms do: usually soon, sometimes late, never or broken. Reports the end of a machine late. */
export class SimulatedPlatform extends FlameBackend {
  readonly name = 'simulated';
  readonly reach = 'network';
  /** The number of machines that were requested and are not confirmed gone. */
  existing = 0;
  /** The runners whose processes are alive. */
  readonly runners = new Set<SimulatedRunner>();
  readonly #setup: PlatformSetup;
  #made = 0;

  constructor(setup: PlatformSetup) {
    super();
    this.#setup = setup;
  }

  async boot(request: BootRequest): Promise<Machine> {
    const { seed, parent } = this.#setup;
    const number = ++this.#made;
    const dice = diceFor(seed, `machine ${number}`);
    this.existing += 1;
    this.#setup.onMachine(this.existing);
    try {
      const info = JSON.parse(Buffer.from(await request.flameParent({ host: 'parent' }), 'base64').toString()) as ParentInfo;
      const roll = dice.next();
      await this.#wait(roll < 0.05 ? Infinity : dice.below(800), request.signal);
      if (roll > 0.93) throw new BootError('no room', { phase: 'create', fatal: roll > 0.99 });
      return this.#machine(this.#setup.newProcess(`machine ${number}`), info, request.signal, dice);
    } catch (error) {
      // The removal takes a while.
      await new Promise<void>((resolve) => parent.in(dice.below(300), resolve));
      this.existing -= 1;
      throw error;
    }
  }

  #machine(process: SimulatedProcess, info: ParentInfo, signal: AbortSignal, dice: ReturnType<typeof diceFor>): Machine {
    const { parent } = this.#setup;
    let runner: SimulatedRunner | undefined;
    let stopped = false;
    const exited = new Promise<MachineExit>((resolve) => {
      process.onDeath(() => {
        if (runner !== undefined) this.runners.delete(runner);
        parent.in(dice.chance(0.8) ? dice.below(100) : dice.below(2_000), () => {
          this.existing -= 1;
          resolve(stopped ? { how: 'stopped', text: 'stopped' } : { how: 'signal', signal: 'SIGKILL', text: 'killed by SIGKILL' });
        });
      });
    });
    const stop = async (grace: number): Promise<void> => {
      stopped = true;
      // The platform's request is delayed, too.
      process.in(dice.below(20), () => (grace > 0 ? runner?.sigterm() : process.die()));
      // After the grace period the platform kills the process.
      parent.in(grace + dice.below(50), () => process.die());
      await exited;
    };
    signal.addEventListener('abort', () => void stop(0), { once: true });
    // Some machines never start their runner.
    const fate = dice.next();
    if (fate < 0.04) process.in(dice.below(500), () => process.die());
    else if (fate > 0.02) {
      runner = this.#setup.start(process, info);
      this.runners.add(runner);
    }
    if (signal.aborted) void stop(0);
    return { id: process.name, exited, stop };
  }

  #wait(duration: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = duration === Infinity ? (): void => {} : this.#setup.parent.in(duration, resolve);
      const abort = (): void => {
        cancel();
        reject(signal.reason as Error);
      };
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    });
  }
}
