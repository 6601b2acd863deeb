import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** The resources that one copy of the app uses. */
export interface ProcessCosts {
  /** Resident memory, and the V8 heap in use, in bytes. */
  readonly memory: number;
  readonly heap: number;
  /** Open TCP connections by remote address; null if the system does not report them. */
  readonly connections: Readonly<Record<string, number>> | null;
}

/** The costs of this process. Connections from and to the port of the address `parent` are omitted: they belong to the library. */
export function ownCosts(parent: string): ProcessCosts {
  const { rss, heapUsed } = process.memoryUsage();
  return { memory: rss, heap: heapUsed, connections: openConnections(/:(\d+)$/.exec(parent)?.[1]) };
}

/** Parses costs that another process has written as JSON; undefined if it is something else. */
export function readCosts(text: string): ProcessCosts | undefined {
  const { memory, heap, connections } = JSON.parse(text) as Partial<ProcessCosts>;
  if (typeof memory !== 'number' || typeof heap !== 'number' || connections === undefined) return undefined;
  const counts = Object.entries(connections ?? {}).map(([address, count]): [string, number] => [address, Number(count)]);
  return { memory, heap, connections: connections && Object.fromEntries(counts) };
}

/** From the system's tables, which also contain connections that Node does not know: see proc(5). */
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

/** `0100007F:1F90` is 127.0.0.1:8080: words of four bytes in little-endian order. */
function readAddress(text: string): { host: string; port: string } {
  const [hex, port] = text.split(':') as [string, string];
  const words = hex.match(/.{8}/g)!.map((word) => Buffer.from(word, 'hex').reverse());
  const bytes = Buffer.concat(words);
  const v4 = bytes.length === 4 || bytes.subarray(0, 12).toString('hex') === '00000000000000000000ffff';
  const groups = bytes.toString('hex').match(/.{4}/g)!.join(':');
  return { host: v4 ? bytes.subarray(-4).join('.') : new URL(`http://[${groups}]`).hostname, port: String(Number.parseInt(port, 16)) };
}
