/** What a runner's process says of itself, every few seconds, as the JSON of the frame `vitals`. */
export interface ProcessVitals {
  readonly pid: number;
  /** Milliseconds of CPU time since it began. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  readonly heap: number;
  /** The event loop's lateness since the last time, in milliseconds. */
  readonly delay: number;
  readonly delayMax: number;
}

const numbers = ['pid', 'cpu', 'memory', 'heap', 'delay', 'delayMax'] as const;

/** @throws {TypeError} when the text is anything else. */
export function readVitals(text: string): ProcessVitals {
  const given = JSON.parse(text) as Partial<Record<string, unknown>> | null;
  for (const key of numbers) {
    if (!Number.isFinite(given?.[key])) throw new TypeError(`vitals have no number "${key}"`);
  }
  return Object.fromEntries(numbers.map((key) => [key, given![key]])) as unknown as ProcessVitals;
}
