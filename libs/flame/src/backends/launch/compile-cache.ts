import { lstatSync, mkdirSync } from 'node:fs';
import nodeModule from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A folder in which Node keeps the compiled code of runners, so that the second one boots faster; undefined where this Node has no such
 * cache (before 22.8), or where no folder can be had that this user alone may write to: what lies in it is executed.
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

/** The environment with that folder in it, unless the user chose one, or runs a coverage, which is less exact with cached code. */
export function withCompileCache(env: Record<string, string>): Record<string, string> {
  if (env.NODE_COMPILE_CACHE !== undefined || env.NODE_V8_COVERAGE !== undefined) return env;
  const folder = compileCacheFolder();
  return folder === undefined ? env : { ...env, NODE_COMPILE_CACHE: folder };
}
