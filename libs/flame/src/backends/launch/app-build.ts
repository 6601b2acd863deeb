import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { BuildDigest } from '../../core/manifest.js';
import { ownScript, realScript } from './own-script.js';

/** What Node loads as code. */
const scripts = /\.(?:[cm]?js|node|wasm)$/;
const typeScripts = /(?<!\.d)\.[cm]?tsx?$/;
/** More than any build holds: the folder is not one. */
const mostEntries = 50_000;
const mostBytes = 256 * 1024 * 1024;

/** One file of a build, with what tells cheaply that it was written again. */
interface BuildFile {
  readonly stamp: string;
  readonly hash: string;
}

/** Where a build lies, and which of its files count. */
interface BuildPlace {
  /** The folder of the nearest package.json above the entry. */
  readonly root: string;
  /** The entry, seen from there, without its extension. */
  readonly entry: string;
  readonly folder: string;
  readonly counts: (name: string) => boolean;
}

/**
 * The build that a process was started from, as it was on disk when this was read: what Node runs of the build's folder, by content and by
 * path within its package, so that it is the same in a container.
 *
 * The folder is the first one below the package on the way to the entry (`dist` for `dist/main.js`), or the app's own where a monorepo
 * keeps several (`dist/apps/shop`). Counted are scripts, JSON, native addons and WebAssembly, and TypeScript where the entry is TypeScript;
 * not what lies in `node_modules` or in folders with a leading dot, and neither source maps nor declarations. Of an entry that lies beside
 * its package.json, the JSON beside it does not count.
 */
export class AppBuild {
  readonly digest: BuildDigest;
  readonly #script: string;
  readonly #files: ReadonlyMap<string, BuildFile>;

  private constructor(script: string, { entry }: BuildPlace, files: ReadonlyMap<string, BuildFile>) {
    this.#script = script;
    this.#files = files;
    const text = Array.from(files.keys())
      .sort()
      .map((path) => `${path}\n${files.get(path)!.hash}\n`)
      .join('');
    this.digest = { entry, files: files.size, digest: hash('sha256', text) };
  }

  /**
   * Reads the build of `script`; undefined where none can be told: a process without a script or one of a package in `node_modules`, no
   * package.json above it, files that cannot be read, or a folder of more than 50,000 entries or 256 MiB. Reads synchronously, some 25
   * microseconds for each file. Never throws.
   */
  static read(script = ownScript()): AppBuild | undefined {
    try {
      const place = script === undefined ? undefined : placeOf(script);
      return place && new AppBuild(script!, place, filesOf(place, new Map()));
    } catch {
      return undefined;
    }
  }

  /** Which files are not any more what they were; none where that cannot be told. */
  changes(): string[] {
    try {
      const place = placeOf(this.#script);
      const now = place && filesOf(place, this.#files);
      if (!now) return [];
      const paths = new Set([...this.#files.keys(), ...now.keys()]);
      return Array.from(paths)
        .filter((path) => this.#files.get(path)?.hash !== now.get(path)?.hash)
        .sort();
    } catch {
      return [];
    }
  }
}

function placeOf(script: string): BuildPlace | undefined {
  const file = fileOf(script);
  const root = packageOf(dirname(file));
  if (root === undefined || file.includes(`${sep}node_modules${sep}`)) return undefined;
  const path = posix(relative(root, file));
  const below = /^(?:[^/]+\/)?apps\/[^/]+(?=\/)|^[^/]+(?=\/)/.exec(path)?.[0];
  // The whole disk is no build.
  if (below === undefined && dirname(root) === root) return undefined;
  const typed = typeScripts.test(file);
  const counts = (name: string): boolean =>
    scripts.test(name) || (typed && typeScripts.test(name)) || (below !== undefined && name.endsWith('.json'));
  return { root, entry: path.replace(/\.\w+$/, ''), folder: join(root, below ?? ''), counts };
}

/** As `node <script>` finds it, through links. */
function fileOf(script: string): string {
  const found = [script, `${script}.js`].find((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  // Node looks into a folder's package.json, and remembers for ever what it found.
  return realpathSync(found ?? realScript(script));
}

function packageOf(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at;
    if (dirname(at) === at) return undefined;
  }
}

/** The files of a build by their paths. What is `known` under the same stamp is not read again. */
function filesOf({ root, folder, counts }: BuildPlace, known: ReadonlyMap<string, BuildFile>): Map<string, BuildFile> {
  const files = new Map<string, BuildFile>();
  let [entries, bytes] = [0, 0];
  const folders = [folder];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    for (const found of readdirSync(at, { withFileTypes: true })) {
      if (++entries > mostEntries) throw new RangeError('too many entries');
      const { name } = found;
      const full = join(at, name);
      if (found.isDirectory()) {
        if (name !== 'node_modules' && !name.startsWith('.')) folders.push(full);
        continue;
      }
      if (!counts(name)) continue;
      const stat = statSync(full);
      if (!stat.isFile()) continue;
      bytes += stat.size;
      if (bytes > mostBytes) throw new RangeError('too many bytes');
      const path = posix(relative(root, full));
      const stamp = [stat.size, stat.mtimeMs, stat.ctimeMs, stat.ino].join(' ');
      const before = known.get(path);
      files.set(path, before?.stamp === stamp ? before : { stamp, hash: hash('sha256', readFileSync(full)) });
    }
  }
  return files;
}

function posix(path: string): string {
  return sep === '/' ? path : path.replaceAll(sep, '/');
}
