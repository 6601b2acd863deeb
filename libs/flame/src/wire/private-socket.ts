import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlameError } from '../core/flame-error.js';

/** A directory that only this user can enter, with the path of a socket in it. */
export interface PrivateSocket {
  readonly path: string;
  remove(): Promise<void>;
}

export async function privateSocket(): Promise<PrivateSocket> {
  // mkdtemp makes it with mode 0700.
  const directory = await mkdtemp(join(tmpdir(), 'flame-'));
  const path = join(directory, 'parent.sock');
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  if (path.length <= longestPath) return { path, remove };
  await remove();
  throw new FlameError(
    'FLAME_CONFIG',
    `the temporary directory ${tmpdir()} has too long a path for a Unix socket (${path.length} characters, at most ${longestPath}): set TMPDIR to a shorter one`,
  );
}

/** What `sun_path` holds on the narrowest system (macOS). */
const longestPath = 103;
