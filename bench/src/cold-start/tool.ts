import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** The folder with the commands of a package of the registry, which is installed outside of the repository. */
export function tool(spec: string): string {
  const script = join(import.meta.dirname, '../../../test/support/tool.sh');
  return execFileSync(script, [spec], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}
