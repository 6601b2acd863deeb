import { hasDebugger } from '../../system/inspector.js';
import type { PoolSetup } from '../pool-setup.js';

/** What Node prints when it opens an inspector. The address may be IPv6, in brackets. */
const listening = /^Debugger listening on ws:\/\/(?:\[[^\]]+\]|[^:/]+):(\d+)\/\S+$/;
/** The line that follows. */
const help = /^For help, see: https:\/\/nodejs\.org\/\S+$/;

/** The runners of a pool that have an inspector, by what their processes print. */
export class InspectedRunners {
  readonly #setup: Pick<PoolSetup, 'backend' | 'config' | 'log'>;
  /** The ports of each runner's processes. */
  readonly #ports = new Map<string, Set<number>>();

  constructor(setup: Pick<PoolSetup, 'backend' | 'config' | 'log'>) {
    this.#setup = setup;
  }

  /** Takes a line of a runner's output; says whether it was about an inspector, of which the log is told here. */
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

  /** Whether a debugger holds one of them. Of one on another machine only its inspector is known, which counts. */
  get debugged(): boolean {
    const here = this.#setup.backend.reach === 'host';
    for (const ports of this.#ports.values()) for (const port of ports) if (!here || hasDebugger(port)) return true;
    return false;
  }

  /** Whether runners that boot wait for a debugger, for as long as it takes. */
  get awaited(): boolean {
    return this.#setup.backend.waitsForDebugger ?? false;
  }
}
