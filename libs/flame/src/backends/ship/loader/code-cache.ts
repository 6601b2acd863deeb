import { randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { homedir, hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { diskError, LoaderError } from './loader-error.js';

/** Builds that stay although nothing runs them. */
const kept = 3;
/** A process in another container or on another host shows at this interval, in milliseconds, that it is alive. */
const touchEvery = 60 * 60 * 1000;
/** A process that has not shown itself for this time is gone. */
const goneAfter = 24 * touchEvery;

/** A process that uses a build. Its file is named `<hash>.user-<id>`. */
interface User {
  readonly pid: number;
  /** When it started, in the system's own unit; undefined where that cannot be told. */
  readonly start: string | undefined;
  /** Where its process id is valid: the boot and the namespace, or the host. */
  readonly scope: string;
}

/**
 * The folder on this machine that keeps the code of builds, by hash: `<hash>/app` has the files. Several processes may use it at once, also
 * of several containers that share a volume.
 *
 * A build is unpacked into a folder of its own and then renamed, so a build that is there is complete. The newest builds stay, and those
 * that a process uses.
 */
export class CodeCache {
  readonly folder: string;
  readonly #id = `${process.pid}-${randomBytes(4).toString('hex')}`;

  /** `folder` is the option `cache`. @throws {LoaderError} if this process cannot use the folder. */
  constructor(folder?: string) {
    this.folder =
      folder === undefined ? join(tmpdir(), `nestjs-flame-code-${process.getuid?.() ?? 'user'}`) : folder.replace(/^~(?=\/)/, homedir());
    try {
      makeFolder(this.folder);
    } catch (error) {
      throw diskError(error, this.folder);
    }
    if (folder === undefined) refuseForeign(this.folder);
  }

  /** The folder of a build; undefined if it is not there. From now on this process counts as its user. */
  use(hash: string): string | undefined {
    try {
      const user = join(this.folder, `${hash}.user-${this.#id}`);
      writeFileSync(user, JSON.stringify(thisProcess()), { mode: 0o600 });
      process.once('exit', () => rmSync(user, { force: true }));
      const now = (): Date => new Date();
      setInterval(() => touch(user, now()), touchEvery).unref();
      const build = join(this.folder, hash);
      if (!existsSync(build)) return undefined;
      touch(build, now());
      return build;
    } catch (error) {
      throw diskError(error, this.folder);
    }
  }

  /** Makes an empty folder in which a build is unpacked. */
  begin(hash: string): string {
    try {
      const partial = join(this.folder, `${hash}.partial-${this.#id}`);
      mkdirSync(join(partial, 'app'), { recursive: true, mode: 0o700 });
      return partial;
    } catch (error) {
      throw diskError(error, this.folder);
    }
  }

  /** Makes an unpacked build available, and returns its folder. If another process was faster, its build is used. */
  publish(partial: string, hash: string): string {
    const build = join(this.folder, hash);
    try {
      renameSync(partial, build);
    } catch (error) {
      if (!existsSync(build)) throw diskError(error, this.folder);
      this.discard(partial);
    }
    return build;
  }

  discard(partial: string): void {
    rmSync(partial, { recursive: true, force: true });
  }

  /** Removes builds that nothing uses, except for the newest, and what processes that were killed have left. */
  prune(): void {
    const names = readdirSync(this.folder);
    const users = new Map<string, string[]>();
    for (const name of names) {
      const [, hash, id] = /^([0-9a-f]{64})\.user-(.+)$/.exec(name) ?? [];
      if (hash === undefined || id === undefined) continue;
      if (this.#lives(name)) users.set(hash, [...(users.get(hash) ?? []), id]);
      else rmSync(join(this.folder, name), { force: true });
    }
    for (const name of names) {
      const [, hash, kind, id] = /^([0-9a-f]{64})\.(partial|old)-(.+)$/.exec(name) ?? [];
      if (hash !== undefined && (kind === 'old' || !users.get(hash)?.includes(id!))) this.discard(join(this.folder, name));
    }
    const builds = names
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .map((name) => ({ name, used: statSync(join(this.folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
      .sort((a, b) => b.used - a.used);
    for (const { name } of builds.slice(kept)) if (!users.has(name)) this.#remove(name);
  }

  #remove(hash: string): void {
    const old = join(this.folder, `${hash}.old-${this.#id}`);
    renameSync(join(this.folder, hash), old);
    // A process that has come in between is there by its file, and looks for the build now.
    const comes = readdirSync(this.folder).some((name) => name.startsWith(`${hash}.user-`));
    if (!comes) this.discard(old);
    else if (!existsSync(join(this.folder, hash))) renameSync(old, join(this.folder, hash));
  }

  #lives(name: string): boolean {
    const path = join(this.folder, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    try {
      const { pid, start, scope } = JSON.parse(readFileSync(path, 'utf8')) as User;
      if (scope !== scopeOfIds()) return age < goneAfter;
      if (start !== undefined) return startOf(pid) === start;
      process.kill(pid, 0);
      return true;
    } catch (error) {
      // A file without content is being written.
      return (error as NodeJS.ErrnoException).code === 'EPERM' || (error instanceof SyntaxError && age < 60_000);
    }
  }
}

/** Unlike `recursive` of Node's own function it ends on every file system, and with the error that the system gives. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(folder).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(folder) === folder || existsSync(dirname(folder))) throw error;
    makeFolder(dirname(folder));
    mkdirSync(folder, { mode: 0o700 });
  }
}

/** The temporary folder is open to all: another user could have made the folder before, with code of its own. */
function refuseForeign(folder: string): void {
  if (process.getuid === undefined) return;
  const { uid, mode } = lstatSync(folder);
  if (uid === process.getuid() && lstatSync(folder).isDirectory() && (mode & 0o022) === 0) return;
  throw new LoaderError(
    `${folder} is not used for the app's code: others can write there. Remove it, or set the backend's option shipCode.cache to a folder of the machine's user.`,
    true,
  );
}

function thisProcess(): User {
  return { pid: process.pid, start: startOf(process.pid), scope: scopeOfIds() };
}

function scopeOfIds(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/** See proc(5): the 22nd field; the second one is in parentheses and may contain spaces. */
function startOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[19];
  } catch {
    return undefined;
  }
}

function touch(path: string, at: Date): void {
  try {
    utimesSync(path, at, at);
  } catch {
    // It belongs to another user of a shared folder, or is gone.
  }
}
