import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Makes V8 collect the whole heap. Before its first full collection, V8 lets the heap of a process grow far beyond its content, and afterwards by some
 * megabytes only, as in any long-running process. In a run of the bench this collection would happen by chance, and it changes the results for large values by
 * up to a factor of two.
 */
export function collectAll(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('globalThis.gc') as NodeJS.GCFunction;
  setFlagsFromString('--no-expose-gc');
  collect();
}
