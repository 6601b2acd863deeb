import { lstatSync, mkdirSync } from 'node:fs';
import nodeModule from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startedBundle } from './started-bundle.js';

/**
 * A folder in which Node caches the compiled code of runners, so that every runner after the first boots faster. Undefined if this Node has
 * no such cache (before 22.8), or if there is no folder that only this user can write to: Node executes what the folder contains.
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
    // The disk is read-only: runners boot without the cache.
    return undefined;
  }
}

/** The environment with that folder, unless the user chose one or collects coverage, which is less exact with cached code. */
export function withCompileCache(env: Record<string, string>): Record<string, string> {
  if (env.NODE_COMPILE_CACHE !== undefined || env.NODE_V8_COVERAGE !== undefined) return env;
  const folder = compileCacheFolder();
  return folder === undefined ? env : { ...env, NODE_COMPILE_CACHE: folder };
}

/**
 * Writes the compiled code of this process to Node's cache, for runners that boot while this one lives. Node itself writes it when a process
 * ends, and not at all if it is killed. Takes about 50 ms in the first runner of a build, and half a millisecond in others. Node's cache
 * is there from Node 22.10 on; a bundle has a cache of its own.
 */
export function saveCompiledCode(): void {
  nodeModule.flushCompileCache?.();
  startedBundle()?.saveCompiledCode();
}
