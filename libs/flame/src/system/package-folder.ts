import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The real path of this package's folder; undefined if a bundler has moved this code to another file. */
export function packageFolder(): string | undefined {
  if (typeof __dirname === 'undefined') return undefined;
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    if (folder === dirname(folder)) return undefined;
    folder = dirname(folder);
  }
  const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown };
  return name === 'nestjs-flame' ? realpathSync(folder) : undefined;
}
