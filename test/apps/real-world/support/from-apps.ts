import { createRequire } from 'node:module';
import { join } from 'node:path';
import { inject } from 'vitest';

/** A CommonJS package of the apps of `test/apps/real-world`. */
export function fromApps<T>(name: string): T {
  return createRequire(join(inject('realWorld'), 'package.json'))(name) as T;
}
