import { readFileSync } from 'node:fs';

/** Undefined in builds of Node without an inspector. */
const inspector = process.features.inspector ? process.getBuiltinModule('node:inspector') : undefined;

const connectionTables = ['/proc/self/net/tcp', '/proc/self/net/tcp6'];

/** The port of this process's inspector; undefined while none is open. */
export function inspectorPort(): number | undefined {
  const url = inspector?.url();
  return url === undefined ? undefined : Number(new URL(url).port);
}

/**
 * Whether a debugger is connected to the inspector on this port of this host. Node does not report it, so this reads the system's table of
 * connections, which exists on Linux. On other systems an open inspector counts as one with a debugger.
 */
export function hasDebugger(port: number): boolean {
  const local = port.toString(16).toUpperCase().padStart(4, '0');
  // The state 01 is "established".
  const connected = new RegExp(`^ *\\d+: [0-9A-F]+:${local} [0-9A-F]+:[0-9A-F]{4} 01 `, 'm');
  const tables = connectionTables.map(read).filter((table) => table !== undefined);
  return tables.length === 0 || tables.some((table) => connected.test(table));
}

/** The content of a table; undefined if it does not exist, as the one for IPv6 on some hosts. */
function read(table: string): string | undefined {
  try {
    return readFileSync(table, 'latin1');
  } catch {
    return undefined;
  }
}
