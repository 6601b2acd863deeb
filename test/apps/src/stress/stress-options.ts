import { join } from 'node:path';

/** Options of a stress test. They are in its environment, so that its runners have them, too. */
export interface StressOptions {
  /** An empty folder of its own: marks, the report. Its `tmp` is the test's TMPDIR. */
  readonly folder: string;
  /** It lasts longer where fewer than `calls` have returned by then, or some kind of fault was not made yet: on a machine that has other things to do. */
  readonly minutes: number;
  readonly calls: number;
  /** Calls under way at any time, and the pause of each caller between two of them. */
  readonly callers: number;
  readonly pause: number;
  /** The mean time between two faults, in milliseconds. */
  readonly faultEvery: number;
  readonly seed: number;
  /** On how many hosts of their own runners live, with wires between them and the parent; 0 for this host. */
  readonly farHosts: number;
}

/** How long a runner's connection may be cut. Short, so that a stress test has many cuts that are longer. */
export const reconnectTimeout = 2_000;

export function readOptions(): StressOptions {
  const text = process.env['STRESS'];
  if (text === undefined) throw new Error('STRESS is not set: start stress tests with npm run stress');
  return JSON.parse(text) as StressOptions;
}

/** Where handlers leave a mark each time they run. */
export function marksFile({ folder }: StressOptions): string {
  return join(folder, 'marks');
}
