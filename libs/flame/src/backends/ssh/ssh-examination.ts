import type { Check } from '../../core/check.js';
import type { SshHost } from './ssh-host.js';
import { HostFailure } from './host-failure.js';

/** Less free space in a host's folder for runners fails the check, in bytes. */
const leastFree = 64 * 1024 * 1024;

/** What a host answered: one text for each subject, or the failure. */
interface Finding {
  readonly host: string;
  readonly text?: string;
  readonly failure?: HostFailure;
}

/** Checks all hosts. Each check is about all of them: it fails if one of them does, and names it. */
export async function examineHosts(hosts: readonly SshHost[], signal: AbortSignal): Promise<Check[]> {
  const looked = new Map<SshHost, { readonly node: string; readonly folder: string; readonly free: number }>();
  const checks: Check[] = [];
  const look = async (name: string, among: readonly SshHost[], find: (host: SshHost) => Promise<string>): Promise<SshHost[]> => {
    signal.throwIfAborted();
    const findings = await Promise.all(
      among.map(async (host): Promise<Finding> => {
        try {
          return { host: host.name, text: await find(host) };
        } catch (error) {
          if (!(error instanceof HostFailure)) throw error;
          return { host: host.name, failure: error };
        }
      }),
    );
    signal.throwIfAborted();
    checks.push(checkOf(name, findings));
    return among.filter((_, index) => findings[index]!.failure === undefined);
  };

  const reached = await look('engine', hosts, async (host) => {
    await host.connect(signal);
    looked.set(host, await host.ask('look', 'look at the host'));
    const { user, max } = host.config;
    return `its key is the option hostKey, and ${user} can log in (at most ${max} runner${max === 1 ? '' : 's'})`;
  });
  if (reached.length === 0) return checks;
  await look('image', reached, async (host) => `Node ${looked.get(host)!.node}`);
  await look('disk', reached, async (host) => {
    const { folder, free } = looked.get(host)!;
    if (free >= leastFree) return `${mebibytes(free)} free in ${folder}`;
    throw new HostFailure(host.name, `only ${mebibytes(free)} are free in ${folder}`, 'Free space on the host.');
  });
  await look('network', reached, async (host) => {
    // Nothing connects through it: no runner knows the port.
    await host.tryForward();
    return 'forwards a port through which runners reach this process';
  });
  return checks;
}

function checkOf(name: string, findings: readonly Finding[]): Check {
  const failures = findings.flatMap(({ failure }) => failure ?? []);
  if (failures.length === 0) return { name, ok: true, message: findings.map(({ host, text }) => `${host}: ${text}`).join('; ') };
  const message = failures.map(({ host, problem }) => `${host}: ${problem}`).join('; ');
  const fixes = [...new Set(failures.map(({ fix }) => fix))];
  return { name, ok: false, message, fix: fixes.join(' ') };
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 ** 2)} MiB`;
}
