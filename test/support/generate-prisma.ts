import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Generates the client of Prisma 7 for the `schema.prisma` in a folder, in the `generated` folder beside it. Puts Prisma's packages into the
 * folder, which are installed once, outside of the repository.
 */
export function generatePrisma(folder: string): void {
  for (const file of ['package.json', 'prisma.config.mjs']) cpSync(join(import.meta.dirname, 'prisma', file), join(folder, file));
  execFileSync(join(import.meta.dirname, 'modules.sh'), [folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  // The program of this name would be downloaded. It is only used by commands that change databases.
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath };
  execFileSync(join(folder, 'node_modules/.bin/prisma'), ['generate'], { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] });
}
