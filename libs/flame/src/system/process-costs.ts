import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** What one copy of the app takes. */
export interface ProcessCosts {
  /** Resident memory, in bytes, and V8's heap in it. */
  readonly memory: number;
  readonly heap: number;
  /** Open TCP connections by the address at their other end; null where the system does not tell. */
  readonly connections: Readonly<Record<string, number>> | null;
}

/** What this process takes, without its connections from and to the port of `parent`, an address: those are the library's own. */
export function ownCosts(parent: string): ProcessCosts {
  const { rss, heapUsed } = process.memoryUsage();
  return { memory: rss, heap: heapUsed, connections: openConnections(/:(\d+)$/.exec(parent)?.[1]) };
}

/** As another process has written it; undefined where it is anything else. */
export function readCosts(text: string): ProcessCosts | undefined {
  const { memory, heap, connections } = JSON.parse(text) as Partial<ProcessCosts>;
  if (typeof memory !== 'number' || typeof heap !== 'number' || connections === undefined) return undefined;
  const counts = Object.entries(connections ?? {}).map(([address, count]): [string, number] => [address, Number(count)]);
  return { memory, heap, connections: connections && Object.fromEntries(counts) };
}

/** By the system's own tables, which also have what Node does not wait for: see proc(5). */
function openConnections(except: string | undefined): Record<string, number> | null {
  const sockets = ownSockets();
  if (!sockets) return null;
  const found: Record<string, number> = {};
  for (const line of [...linesOf('/proc/self/net/tcp'), ...linesOf('/proc/self/net/tcp6')]) {
    const [, local, remote, state, , , , , , socket] = line.trim().split(/\s+/);
    if (state !== '01' || !sockets.has(socket!)) continue;
    const [here, there] = [readAddress(local!), readAddress(remote!)];
    if (here.port === except || there.port === except) continue;
    const address = `${there.host}:${there.port}`;
    found[address] = (found[address] ?? 0) + 1;
  }
  return found;
}

function ownSockets(): Set<string> | undefined {
  try {
    return new Set(readdirSync('/proc/self/fd').flatMap((fd) => /^socket:\[(\d+)\]$/.exec(targetOf(fd))?.[1] ?? []));
  } catch {
    return undefined;
  }
}

function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // It was closed while the list was read.
    return '';
  }
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'latin1').split('\n').slice(1);
  } catch {
    return [];
  }
}

/** `0100007F:1F90` is 127.0.0.1:8080: words of four bytes, the last one first. */
function readAddress(text: string): { host: string; port: string } {
  const [hex, port] = text.split(':') as [string, string];
  const words = hex.match(/.{8}/g)!.map((word) => Buffer.from(word, 'hex').reverse());
  const bytes = Buffer.concat(words);
  const v4 = bytes.length === 4 || bytes.subarray(0, 12).toString('hex') === '00000000000000000000ffff';
  const groups = bytes.toString('hex').match(/.{4}/g)!.join(':');
  return { host: v4 ? bytes.subarray(-4).join('.') : new URL(`http://[${groups}]`).hostname, port: String(Number.parseInt(port, 16)) };
}
