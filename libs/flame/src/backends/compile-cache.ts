import { lstatSync, mkdirSync } from 'node:fs';
import nodeModule from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A folder in which Node keeps the compiled code of runners, so that the second one boots faster; undefined where this Node has no such cache (before
 * 22.8), or where no folder can be had that this user alone may write to: what lies in it is executed.
 */
export function compileCacheFolder(parentFolder = tmpdir()): string | undefined {
  if (!('enableCompileCache' in nodeModule)) return undefined;
  const user = process.getuid?.();
  const folder = join(parentFolder, user === undefined ? 'nestjs-flame-cache' : `nestjs-flame-cache-${user}`);
  try {
    mkdirSync(folder, { mode: 0o700, recursive: true });
    const found = lstatSync(folder);
    const mine = user === undefined || (found.uid === user && (found.mode & 0o022) === 0);
    return found.isDirectory() && mine ? folder : undefined;
  } catch {
    // A read-only disk: runners boot without the cache.
    return undefined;
  }
}
