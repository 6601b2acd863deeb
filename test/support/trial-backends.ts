import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalBackend, ProcessBackend } from 'nestjs-flame';
import type { FlameBackend } from 'nestjs-flame';
import { isAlive } from './process-table.js';

/** A backend for the conformance suite, with functions that act on its platform directly. */
export interface TrialBackend {
  readonly name: string;
  /** True if runners are separate processes: they can be killed, and block only themselves. */
  readonly isolated: boolean;
  /** True if this host's process table contains the runners under their own ids. */
  readonly onHost: boolean;
  /** Time for a boot, if the pool's default is too short on a busy machine. */
  readonly bootTimeout?: number;
  make(): FlameBackend;
  /** Sends a signal to the runner's process on a machine, without the pool's knowledge. */
  signal(machine: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Whether a machine no longer exists on the platform. */
  gone(machine: string): Promise<boolean>;
}

/** The process id in a machine's name, `pid 123`. */
export function pidOf(machine: string | undefined): number {
  return Number(/^pid (\d+)$/.exec(machine ?? '')![1]);
}

/** The app of the conformance suite, which runners start. */
export const runnerEntry = join(import.meta.dirname, '../apps/dist/conformance/main.js');

/** The folder in which handlers write marks. On machines with another file system it is mounted under the same path. */
export const marksFolder = join(tmpdir(), 'flame-rules');
mkdirSync(marksFolder, { recursive: true });

const onThisHost: readonly TrialBackend[] = [
  {
    name: 'local',
    isolated: false,
    onHost: true,
    make: () => new LocalBackend(),
    signal: () => Promise.reject(new Error('a local runner has no process of its own')),
    gone: async () => true,
  },
  {
    name: 'process',
    isolated: true,
    onHost: true,
    make: () => new ProcessBackend({ entry: runnerEntry }),
    signal: async (machine, signal) => void process.kill(pidOf(machine), signal),
    gone: async (machine) => !isAlive(pidOf(machine)),
  },
];

/**
 * The backends of this run: those that need only this host, or, if `FLAME_ENGINE` names an engine, the export `trial` of
 * `test/engines/<engine>/trial.ts`.
 */
export async function trialBackends(): Promise<readonly TrialBackend[]> {
  const engine = process.env['FLAME_ENGINE'];
  if (engine === undefined) return onThisHost;
  const { trial } = (await import(`../engines/${engine}/trial.ts`)) as { trial: TrialBackend };
  return [trial];
}
