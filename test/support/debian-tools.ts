import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

/**
 * Vitest's global set-up for tests that need programs of the system; those of `test/apps/real-world` need a browser, too.
 *
 * @throws an error that names the missing packages, if they cannot be installed.
 */
export default function debianTools({ name }: TestProject): void {
  execFileSync(join(import.meta.dirname, 'debian-tools.sh'), name === 'real-world' ? ['browser'] : [], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
