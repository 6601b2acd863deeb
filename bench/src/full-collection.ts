import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Has V8 collect all of this process's heap. Until that has happened once, V8 gives a new process room for far more than it has; from then on for some megabytes
 * more, as any that has been up for a while. Whether it happens by itself in a run of the bench is chance, and for large values makes up to a factor of two.
 */
export function collectAll(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('globalThis.gc') as NodeJS.GCFunction;
  setFlagsFromString('--no-expose-gc');
  collect();
}
