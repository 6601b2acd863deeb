import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Vitest's global set-up for tests that speak to programs of the system. @throws with the names of what to install, where it may not do that itself. */
export default function debianTools(): void {
  execFileSync(join(import.meta.dirname, 'debian-tools.sh'), { stdio: ['ignore', 'ignore', 'inherit'] });
}
