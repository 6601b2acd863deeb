import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';
import { ownProcessors } from '../../backends/launch/own-processors.js';
import type { FlameLog } from '../../core/flame-log.js';
import { startedBundle } from '../../backends/launch/started-bundle.js';
import { ownInspector } from '../../backends/launch/node-flags.js';
import type { ParentInfo } from '../../core/parent-info.js';
import { thisSystem } from '../../system/system.js';

/** The information from the parent, without the siblings for which this machine has no processors. */
export function onThisMachine(info: ParentInfo): ParentInfo {
  return info.processes === 'auto' ? { ...info, siblings: info.siblings?.slice(0, ownProcessors() - 1) ?? [] } : info;
}

/** File descriptor of the pipe that shows a sibling the end of the first process. */
const lifeline = 3;

/**
 * The other processes of a machine with more than one. Each runs this app again and has its own session with the parent. The first process
 * owns them: they end when it ends, and it ends them when it leaves.
 */
export class SiblingProcesses {
  readonly #children = new Set<ChildProcess>();
  readonly #log: FlameLog;
  readonly #onLost: (reason: string) => void;
  #ending = false;

  /** `onLost` is called when a sibling ends by itself. */
  constructor(info: ParentInfo, log: FlameLog, onLost: (reason: string) => void) {
    this.#log = log;
    this.#onLost = onLost;
    const { siblings = [], ...own } = info;
    siblings.forEach((sibling, index) => this.#start({ ...own, ...sibling, lifeline }, `process ${index + 2} of ${siblings.length + 1}`));
    if (siblings.length > 0) process.once('exit', () => this.#killAll());
  }

  /** Closes the siblings' lifelines. They then notice that the parent is gone, and act like this process. */
  closeLifelines(): void {
    for (const child of this.#children) child.stdio[lifeline]?.destroy();
  }

  /** Asks all siblings to leave, and resolves when they are gone. Kills them after `grace` milliseconds. */
  async end(grace: number): Promise<void> {
    this.#ending = true;
    const gone = Array.from(this.#children, (child) => new Promise((resolve) => child.once('exit', resolve)));
    // On other systems, the parent orders each sibling to leave over the sibling's own session.
    if (thisSystem().asksBySignal) for (const child of this.#children) child.kill('SIGTERM');
    const force = setTimeout(() => this.#killAll(), grace);
    await Promise.all(gone);
    clearTimeout(force);
  }

  #start(info: ParentInfo, name: string): void {
    const env = {
      ...process.env,
      ...(cluster.isWorker && { NODE_UNIQUE_ID: '0' }),
      FLAME_PARENT: Buffer.from(JSON.stringify(info)).toString('base64'),
    };
    const child = spawn(
      process.execPath,
      [...ownInspector(process.execArgv), startedBundle()?.script ?? process.argv[1]!, ...process.argv.slice(2)],
      {
        env,
        stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
      },
    );
    this.#children.add(child);
    const lost = (how: string): void => {
      if (!this.#children.delete(child) || this.#ending) return;
      this.#log.error(`${name} of this runner ended: ${how}`);
      this.#onLost(`${name} ended: ${how}`);
    };
    child.once('error', (error) => lost(error.message));
    child.once('exit', (code, signal) => lost(signal ? `killed by ${signal}` : `exit code ${code}`));
  }

  #killAll(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}
