import { hasDebugger } from '../../system/system-clock.js';
import type { PoolSetup } from '../pool-setup.js';

/** The line that Node prints when it opens an inspector. The address may be IPv6, in brackets. */
const listening = /^Debugger listening on ws:\/\/(?:\[[^\]]+\]|[^:/]+):(\d+)\/\S+$/;
/** The line that follows. */
const help = /^For help, see: https:\/\/nodejs\.org\/\S+$/;

/** The runners of a pool that have an inspector, according to the output of their processes. */
export class InspectedRunners {
  readonly #setup: Pick<PoolSetup, 'backend' | 'config' | 'log'>;
  /** The ports of each runner's processes. */
  readonly #ports = new Map<string, Set<number>>();

  constructor(setup: Pick<PoolSetup, 'backend' | 'config' | 'log'>) {
    this.#setup = setup;
  }

  /** Reads a line of a runner's output. Returns true if it is about an inspector, and then logs the inspector's address here. */
  hears(line: string, runner: string): boolean {
    const port = listening.exec(line)?.[1];
    if (port === undefined) return this.#ports.has(runner) && help.test(line);
    const ports = this.#ports.get(runner) ?? new Set();
    this.#ports.set(runner, ports.add(Number(port)));
    this.#setup.log.log(`runner ${runner} of pool "${this.#setup.config.name}": ${line}`);
    return true;
  }

  /** The runner's processes have ended. */
  gone(runner: string): void {
    this.#ports.delete(runner);
  }

  /** True if a debugger is attached to one of them. For another machine only the inspector is known, so an open inspector counts. */
  get debugged(): boolean {
    const here = this.#setup.backend.reach === 'host';
    for (const ports of this.#ports.values()) for (const port of ports) if (!here || hasDebugger(port)) return true;
    return false;
  }

  /** True if booting runners wait for a debugger without a time limit. */
  get awaited(): boolean {
    return this.#setup.backend.waitsForDebugger ?? false;
  }
}
