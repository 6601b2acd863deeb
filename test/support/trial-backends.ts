import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalBackend, ProcessBackend } from 'nestjs-flame';
import type { FlameBackend } from 'nestjs-flame';
import { isAlive } from './process-table.js';

/** A backend on which the rules of the conformance suite are tried, and the hands of someone who has a grip on its platform. */
export interface TrialBackend {
  readonly name: string;
  /** Runners are processes of their own: they can be killed, and block nothing but themselves. */
  readonly isolated: boolean;
  /** Their processes are in this host's table, under the ids that they themselves know. */
  readonly onHost: boolean;
  /** Time for a boot where it takes longer than the pool's default allows on a busy machine. */
  readonly bootTimeout?: number;
  make(): FlameBackend;
  /** Sends a signal to the runner's process on a machine, behind the pool's back. */
  signal(machine: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Whether the platform has nothing left of a machine. */
  gone(machine: string): Promise<boolean>;
}

/** The process behind a machine's name, `pid 123`. */
export function pidOf(machine: string | undefined): number {
  return Number(/^pid (\d+)$/.exec(machine ?? '')![1]);
}

/** What runners start: the conformance suite's app. */
export const runnerEntry = join(import.meta.dirname, '../apps/dist/conformance/main.js');

/** Where handlers leave marks. Machines that do not share this file system are given the folder, under the same path. */
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
 * The backends of this run: those that need nothing but this host, or, where `FLAME_ENGINE` names the engine that the run stands beside, what
 * `test/engines/<engine>/trial.ts` exports as `trial`.
 */
export async function trialBackends(): Promise<readonly TrialBackend[]> {
  const engine = process.env['FLAME_ENGINE'];
  if (engine === undefined) return onThisHost;
  const { trial } = (await import(`../engines/${engine}/trial.ts`)) as { trial: TrialBackend };
  return [trial];
}
