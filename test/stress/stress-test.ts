import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LedgerReport } from '../apps/src/stress/ledger.js';
import type { StressOptions } from '../apps/src/stress/stress-options.js';
import type { ProcessStats } from '../apps/src/stress/process-stats.js';

/** Report of a stress test, see `test/apps/src/stress/main.ts`. */
export interface StressReport {
  readonly options: StressOptions;
  readonly calls: LedgerReport;
  readonly faults: Readonly<Record<string, number>>;
  readonly machineEnds: Readonly<Record<string, number>>;
  readonly machines: number;
  /** Where runners were told to find their parent, counted. */
  readonly ways: Readonly<Record<string, number>>;
  /** Processes, control groups, sockets, folders, networks that are still there. */
  readonly leftovers: readonly string[];
  readonly samples: readonly ProcessStats[];
  readonly atTheEnd: ProcessStats;
}

/** Runs a stress test from compiled code in a folder of its own, with far hosts in namespaces of its own. `tell` gets its lines. @throws when its process fails */
export async function runStressTest(
  options: Omit<StressOptions, 'folder'>,
  tell: (line: string) => void = () => {},
): Promise<StressReport> {
  const folder = mkdtempSync(join(tmpdir(), 'stress-'));
  mkdirSync(join(folder, 'tmp'));
  try {
    const env = { ...process.env, TMPDIR: join(folder, 'tmp'), STRESS: JSON.stringify({ folder, ...options }) };
    const before = networks();
    const inNamespaces = options.farHosts > 0 ? [join(process.cwd(), 'test/stress/in-namespaces.sh')] : [];
    const command = [...inNamespaces, process.execPath, '--expose-gc', join(process.cwd(), 'test/apps/dist/stress/main.js')];
    // Its calls settle two minutes after its time at the latest.
    const timeout = (options.minutes + 4.5) * 60_000;
    const child = spawn(command[0]!, command.slice(1), { env, stdio: ['ignore', 'pipe', 'inherit'], timeout, killSignal: 'SIGKILL' });
    child.stdout.setEncoding('utf8').on('data', tell);
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    if (code !== 0) throw new Error(`the stress test ended with ${signal ?? `exit code ${code}`}`);
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as StressReport;
    return { ...report, leftovers: [...report.leftovers, ...networks().filter((one) => !before.includes(one))] };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The rules that a stress test broke; empty when no call was lost, ran twice or got a wrong answer, and nothing is left. */
export function violationsOf({ calls, leftovers }: StressReport): string[] {
  const { neverSettled, settledTwice, ranTwice, liedAbout, wrong } = calls;
  const lists = { neverSettled, settledTwice, ranTwice, liedAbout, wrong, leftovers };
  return Object.entries(lists).flatMap(([what, list]) => list.map((one) => `${what}: ${one}`));
}

/** The machine's own network interfaces and named namespaces. */
function networks(): string[] {
  return ['/sys/class/net', '/run/netns'].flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [],
  );
}
