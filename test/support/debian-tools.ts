import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Vitest's global set-up for tests that need programs of the system. @throws an error that names the missing packages, if they cannot be installed. */
export default function debianTools(): void {
  execFileSync(join(import.meta.dirname, 'debian-tools.sh'), { stdio: ['ignore', 'ignore', 'inherit'] });
}
