import { setTimeout as sleep } from 'node:timers/promises';
import type { FlameLog } from '../../core/flame-log.js';
import type { Machine, MachineExit } from '../backend.js';
import type { Leftovers } from '../platform/leftovers.js';
import type { FlyApi } from './fly-api.js';
import { flyExit, hasStarted, isOver, tellsItsEnd } from './fly-exit.js';
import type { FlyMachineInfo } from './fly-exit.js';
import { FlyApiError } from './fly-failure.js';

/** The first pause after a failed request, in milliseconds; doubled up to the longest. */
const firstPause = 500;
const longestPause = 15_000;
/** The most requests for an ended machine's exit event. */
const lookAgain = 4;
/** Fly sends SIGKILL after five minutes at the latest, even if a longer time is requested. */
const longestGrace = 300_000;
/** Time that a stop may take in addition to the requested time, in milliseconds. After that the machine is removed by force. */
const stopSlack = 5_000;
/** Time for which the removal of a machine occupies the runner's place, in milliseconds. After that `Leftovers` continues the removal. */
const removeLimit = 60_000;
/** Time for which one request waits for a machine to be gone, in milliseconds. */
const goneWait = 15_000;

/**
 * One Fly Machine. It owns the machine, watches it until it ends, and removes it.
 *
 * To notice the end, it asks the API to wait for the state "stopped", at most one minute with each request. The machine's events say how it
 * ended.
 */
export class FlyMachine implements Machine {
  readonly id: string;
  readonly exited: Promise<MachineExit>;
  readonly #api: FlyApi;
  readonly #made: FlyMachineInfo;
  readonly #log: FlameLog;
  readonly #leftovers: Leftovers;
  readonly #letGo = new AbortController();
  #stopped = false;
  #removing: Promise<void> | undefined;
  #over = false;
  /** Whether `Leftovers` has taken over the removal. */
  #left = false;

  /** Takes over a newly made machine. */
  constructor(api: FlyApi, made: FlyMachineInfo, leftovers: Leftovers, log: FlameLog) {
    this.#api = api;
    this.#made = made;
    this.#log = log;
    this.#leftovers = leftovers;
    this.id = made.id;
    this.exited = this.#watch().then((exit) => {
      this.#over = true;
      return exit;
    });
  }

  /**
   * Waits until the platform has started the machine. A machine that ran and ended again has started.
   *
   * @throws the signal's reason; an Error when the machine ended without having run.
   */
  async started(signal: AbortSignal): Promise<void> {
    for (let pause = firstPause; ; pause = Math.min(longestPause, pause * 2)) {
      try {
        if (await this.#api.wait(this.#made, 'started', signal)) return;
        pause = firstPause;
      } catch (error) {
        signal.throwIfAborted();
        if (isFinal(error)) throw error;
        const machine = await this.#api.get(this.id, signal).catch(() => this.#made);
        if (machine && hasStarted(machine)) return;
        if (!machine || isOver(machine)) throw new Error(`machine ${this.id} did not start: ${(await this.exited).text}`);
        await pausing(pause, signal);
      }
    }
  }

  /** Sends SIGTERM, and removes the machine by force after `grace` milliseconds. A later call can only shorten this time. */
  async stop(grace: number): Promise<void> {
    if (grace > 0 && !this.#over) await this.#stopPolitely(grace);
    this.#stopped = true;
    this.#removing ??= this.#remove();
    await this.#removing;
    this.#letGo.abort();
    await this.exited;
  }

  async #stopPolitely(grace: number): Promise<void> {
    const first = !this.#stopped;
    this.#stopped = true;
    const timeout = Math.min(grace, longestGrace);
    if (first) await this.#api.stop(this.id, timeout).catch((error: Error) => this.#warn('did not take the request to stop', error));
    const late = new AbortController();
    await Promise.race([this.exited, pausing(timeout + stopSlack, late.signal).catch(() => undefined)]);
    late.abort();
  }

  /**
   * Resolves when the machine is gone from the platform. Also resolves if it cannot be removed: then `Leftovers` continues the removal, or
   * it is given up if access is denied.
   */
  async #remove(): Promise<void> {
    const until = performance.now() + removeLimit;
    for (let pause = firstPause; ; pause = Math.min(longestPause, pause * 2)) {
      try {
        await this.#api.destroy(this.id);
        if (await this.#isGone()) return;
      } catch (error) {
        if (isFinal(error)) return this.#giveUp(error as Error);
        if (isSilent(error) || performance.now() > until) return this.#leave(error as Error);
        this.#warn('could not be removed yet', error as Error);
      }
      await pausing(pause);
    }
  }

  async #isGone(): Promise<boolean> {
    const gone = await this.#api.wait(this.#made, 'destroyed', undefined, goneWait).catch(() => false);
    if (gone) return true;
    const machine = await this.#api.get(this.id);
    return machine === undefined || machine.state === 'destroyed';
  }

  #leave(error: Error): void {
    this.#left = true;
    this.#warn('could not be removed. The pool may boot another runner in its place; removing the machine is tried again', error);
    this.#leftovers.add(`fly: machine ${this.id}`, error.message, { remove: () => this.#removeLate() });
  }

  async #removeLate(): Promise<boolean> {
    await this.#api.destroy(this.id);
    const machine = await this.#api.get(this.id);
    if (machine === undefined || machine.state === 'destroyed') return true;
    throw new Error(`its state is ${machine.state}. Remove it with: fly machine destroy --force ${this.id} --app ${this.#api.app}`);
  }

  #giveUp(error: Error): void {
    this.#log.error(
      `fly: machine ${this.id} may still exist: ${error.message}. Remove it with: fly machine destroy --force ${this.id} --app ${this.#api.app}`,
    );
  }

  async #watch(): Promise<MachineExit> {
    const { signal } = this.#letGo;
    let last: FlyMachineInfo | undefined = this.#made;
    for (let pause = firstPause; !signal.aborted;) {
      try {
        if (!(await this.#api.wait(this.#made, 'stopped', signal))) continue;
      } catch {
        // The API cannot wait for a machine that is gone. If the API no longer answers, the session still reports the end of the runner.
      }
      const machine = await this.#api.get(this.id, signal).catch(() => null);
      if (machine !== null) last = machine;
      if (machine === undefined || (machine && isOver(machine))) break;
      await pausing(pause, signal).catch(() => undefined);
      pause = Math.min(longestPause, pause * 2);
    }
    return flyExit(this.#left ? last : await this.#lastWord(last), this.#stopped);
  }

  /** The event with the exit may arrive shortly after the state. */
  async #lastWord(machine: FlyMachineInfo | undefined): Promise<FlyMachineInfo | undefined> {
    let last = machine;
    for (let look = 1; last && !tellsItsEnd(last) && look <= lookAgain; look++) {
      if (look > 1) await pausing(firstPause / 2);
      last = await this.#api.get(this.id).catch(() => last);
      if (last && last.state === 'destroyed') break;
    }
    return last;
  }

  #warn(what: string, error: Error): void {
    this.#log.warn(`fly: machine ${this.id} ${what}: ${error.message}`);
  }
}

/** Whether a retry cannot change the error. */
function isFinal(error: unknown): boolean {
  return error instanceof FlyApiError && (error.status === 401 || error.status === 403);
}

function isSilent(error: unknown): boolean {
  return error instanceof FlyApiError && error.status === 0;
}

async function pausing(time: number, signal?: AbortSignal): Promise<void> {
  await sleep(time, undefined, { signal });
}
