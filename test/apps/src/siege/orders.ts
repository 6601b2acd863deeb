import { join } from 'node:path';

/** What a siege is told, by its environment, so that its runners know it, too. */
export interface SiegeOrders {
  /** An empty folder of its own: marks, the report. Its `tmp` is the siege's TMPDIR. */
  readonly folder: string;
  /** It lasts longer where fewer than `calls` have returned by then, or some kind of trouble was not made yet: on a machine that has other things to do. */
  readonly minutes: number;
  readonly calls: number;
  /** Calls under way at any time, and the pause of each caller between two of them. */
  readonly callers: number;
  readonly pause: number;
  /** The mean time between two troubles, in milliseconds. */
  readonly troubleEvery: number;
  readonly seed: number;
  /** On how many hosts of their own runners live, with wires between them and the parent; 0 for this host. */
  readonly farHosts: number;
}

/** How long a runner's connection may be cut. Short, so that a siege sees many that are longer. */
export const reconnectTimeout = 2_000;

export function readOrders(): SiegeOrders {
  const text = process.env['SIEGE'];
  if (text === undefined) throw new Error('SIEGE is not set: start sieges with npm run siege');
  return JSON.parse(text) as SiegeOrders;
}

/** Where handlers leave a mark each time they run. */
export function marksFile({ folder }: SiegeOrders): string {
  return join(folder, 'marks');
}
