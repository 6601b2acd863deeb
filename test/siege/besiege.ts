import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LedgerReport } from '../apps/src/siege/ledger.js';
import type { SiegeOrders } from '../apps/src/siege/orders.js';
import type { VitalSigns } from '../apps/src/siege/vital-signs.js';

/** What a siege reports, see `test/apps/src/siege/main.ts`. */
export interface SiegeReport {
  readonly orders: SiegeOrders;
  readonly calls: LedgerReport;
  readonly troubles: Readonly<Record<string, number>>;
  readonly machineEnds: Readonly<Record<string, number>>;
  readonly machines: number;
  /** Where runners were told to find their parent, counted. */
  readonly ways: Readonly<Record<string, number>>;
  /** Processes, control groups, sockets, folders, networks that are still there. */
  readonly leftovers: readonly string[];
  readonly samples: readonly VitalSigns[];
  readonly atTheEnd: VitalSigns;
}

/** Runs one siege, of compiled code, in a folder of its own, and one with far hosts in namespaces of its own; gives its report. `tell` gets its lines. Rejects when it dies. */
export async function besiege(orders: Omit<SiegeOrders, 'folder'>, tell: (line: string) => void = () => {}): Promise<SiegeReport> {
  const folder = mkdtempSync(join(tmpdir(), 'siege-'));
  mkdirSync(join(folder, 'tmp'));
  try {
    const env = { ...process.env, TMPDIR: join(folder, 'tmp'), SIEGE: JSON.stringify({ folder, ...orders }) };
    const before = networks();
    const inNamespaces = orders.farHosts > 0 ? [join(process.cwd(), 'test/siege/in-namespaces.sh')] : [];
    const command = [...inNamespaces, process.execPath, '--expose-gc', join(process.cwd(), 'test/apps/dist/siege/main.js')];
    // Its calls settle two minutes after its time at the latest.
    const timeout = (orders.minutes + 4.5) * 60_000;
    const child = spawn(command[0]!, command.slice(1), { env, stdio: ['ignore', 'pipe', 'inherit'], timeout, killSignal: 'SIGKILL' });
    child.stdout.setEncoding('utf8').on('data', tell);
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    if (code !== 0) throw new Error(`the siege ended with ${signal ?? `exit code ${code}`}`);
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as SiegeReport;
    return { ...report, leftovers: [...report.leftovers, ...networks().filter((one) => !before.includes(one))] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is wrong with a siege; empty when nothing was lost, nothing ran twice, nobody was told what is not so, and nothing is left. */
export function faultsOf({ calls, leftovers }: SiegeReport): string[] {
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
