import { createHash } from 'node:crypto';
import { readFileSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { ArchivedAddon } from '../archive-format.js';
import { ArchiveReader } from './archive-reader.js';
import { CodeCache } from './code-cache.js';
import { fetchArchive } from './fetch-archive.js';
import type { Parent } from './fetch-archive.js';
import { checkAddons } from './fitting-addons.js';
import { diskError, LoaderError } from './loader-error.js';
import { runMain } from './run-main.js';

/**
 * Runs the parent's app on this machine: takes its code from the cache, or fetches it first. Called by the script of `loaderCommand`, with
 * the connection over which that script has fetched this loader. Ends the process with one line if that is not possible.
 */
export async function load(parent: Parent, session: ClientHttp2Session): Promise<void> {
  try {
    const cache = new CodeCache(parent.code.cache);
    const found = cache.use(parent.code.hash);
    if (found === undefined) await fetchBuild(cache, parent, session);
    else session.destroy();
    const build = found ?? join(cache.folder, parent.code.hash);
    checkAddons(JSON.parse(readFileSync(join(build, 'addons.json'), 'utf8')) as ArchivedAddon[]);
    setTimeout(() => pruneQuietly(cache), 30_000).unref();
    await runMain(join(build, 'app'), parent.code);
  } catch (error) {
    const known = error instanceof LoaderError;
    // Node would print the whole loader, which is one line.
    writeSync(2, `nestjs-flame: ${known ? error.message : `the app's code cannot be loaded: ${(error as Error).stack}`}\n`);
    process.exit(known ? error.exitCode : 1);
  }
}

async function fetchBuild(cache: CodeCache, parent: Parent, session: ClientHttp2Session): Promise<void> {
  const { hash, unpacked } = parent.code;
  refuseFullDisk(cache.folder, unpacked);
  const partial = cache.begin(hash);
  const reader = new ArchiveReader(join(partial, 'app'), unpacked, ({ addons }) => {
    checkAddons(addons);
    writeFileSync(join(partial, 'addons.json'), JSON.stringify(addons));
  });
  try {
    const sum = createHash('sha256');
    await pipeline(
      Readable.from(fetchArchive(parent, session), { objectMode: false }),
      createGunzip({ chunkSize: 256 * 1024 }),
      async (plain: AsyncIterable<Buffer>) => {
        for await (const piece of plain) {
          sum.update(piece);
          reader.take(piece);
        }
      },
    );
    const got = sum.digest('hex');
    if (got !== hash)
      throw new LoaderError(`the archive of the app's code is refused: its hash is ${got}, but the parent announced ${hash}`, true);
    reader.end();
    cache.publish(partial, hash);
  } catch (error) {
    reader.close();
    cache.discard(partial);
    throw explain(error, cache.folder);
  }
}

function explain(error: unknown, folder: string): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (error instanceof LoaderError) return error;
  if (code?.startsWith('Z_')) return new LoaderError(`the archive of the app's code is refused: ${message}`, true);
  return syscall === undefined ? error : diskError(error, folder);
}

function refuseFullDisk(folder: string, needed: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= needed) return;
  throw diskError(
    Object.assign(new Error(`the app's code needs ${needed} bytes, and ${bavail * bsize} are free`), { code: 'ENOSPC' }),
    folder,
  );
}

/** What cannot be removed now will be removed later. */
function pruneQuietly(cache: CodeCache): void {
  try {
    cache.prune();
  } catch {
    // Another process prunes at the same time.
  }
}
