import type { Saturation } from './saturation.js';

/** The stats that a runner's process sends every few seconds, as the JSON of the frame `stats`. */
export interface ProcessStats {
  readonly pid: number;
  /** Milliseconds of CPU time since the start of the process. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  readonly heap: number;
  /** The delay of the event loop since the last report, in milliseconds. */
  readonly delay: number;
  readonly delayMax: number;
  /** Set if calls waited for each other in the process since the last report. */
  readonly saturation?: Saturation;
}

const numbers = ['pid', 'cpu', 'memory', 'heap', 'delay', 'delayMax'] as const;
const ofSaturation = ['calls', 'over', 'loop', 'queue'] as const;

/** @throws {TypeError} when the text is not the JSON of such stats. */
export function readProcessStats(text: string): ProcessStats {
  const given = JSON.parse(text) as { saturation?: unknown } | null;
  const stats = read(given, numbers);
  return given?.saturation === undefined ? stats : { ...stats, saturation: read(given.saturation, ofSaturation) };
}

function read<K extends string>(given: unknown, keys: readonly K[]): Record<K, number> {
  const values = given as Partial<Record<string, unknown>> | null;
  for (const key of keys) {
    if (!Number.isFinite(values?.[key])) throw new TypeError(`the process stats have no number "${key}"`);
  }
  return Object.fromEntries(keys.map((key) => [key, values![key]])) as Record<K, number>;
}
