import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, realpathSync } from 'node:fs';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { badOption } from '../../core/options/option-reader.js';
import type { CodeInfo } from '../../core/parent-info.js';
import { locateBuild, realFile } from '../launch/app-build.js';
import { reasonAgainstBundle } from '../launch/bundle-flags.js';
import { preloads, withoutScript } from '../launch/node-flags.js';
import { ownScript } from '../launch/own-script.js';
import { findBundle } from '../launch/runner-bundle.js';
import type { RefusedBundle, RunnerBundle } from '../launch/runner-bundle.js';
import { listAppFiles, posix } from './app-files.js';
import type { AppFile, AppFiles } from './app-files.js';
import { archiveMagic, mostEntries } from './archive-format.js';
import type { ArchivedAddon, ArchiveIndex } from './archive-format.js';
import { addonTarget } from './native-addon.js';
import type { ShipConfig } from './ship-options.js';

const typeScript = /(?<!\.d)\.[cm]?tsx?$/;
/** Files of at least this size are read in pieces. */
const large = 4 * 1024 * 1024;
/** Level 6 saves 2 % more bytes and takes twice the time. */
const compressionLevel = 4;

/**
 * The app's code as an archive on this machine's disk. Equal code has an equal hash. The file has no name any more, so the system removes
 * it when `close` is called or this process ends.
 */
export class AppPackage {
  readonly info: Omit<CodeInfo, 'cache'>;
  /** The number of files. */
  readonly files: number;
  /** Why the app's bundle is not in it; undefined if it is, if there is none, or if the options say so. */
  readonly refused: string | undefined;
  readonly #file: FileHandle;

  private constructor(info: Omit<CodeInfo, 'cache'>, files: number, refused: string | undefined, file: FileHandle) {
    this.info = info;
    this.files = files;
    this.refused = refused;
    this.#file = file;
  }

  /**
   * Packs the app. `option` is the path of the option, for errors.
   *
   * @throws {FlameError} FLAME_CONFIG if the app cannot be shipped, with the reason and the fix.
   */
  static async pack(config: ShipConfig, option: string): Promise<AppPackage> {
    const script = config.entry ?? ownScript();
    const build = script === undefined ? undefined : findBuild(script);
    if (script === undefined || build === undefined) {
      const why =
        script === undefined ? 'this process was not started with a script' : `${script} is not a file of an app with a package.json`;
      throw badOption(option, `cannot find the app: ${why}`, `Set ${option}.entry to the app's compiled main file.`);
    }
    const main = realFile(script);
    if (typeScript.test(main))
      throw badOption(
        option,
        `can only ship compiled code, but ${main} is TypeScript`,
        `Compile the app, and start the compiled main file or set ${option}.entry to it.`,
      );
    const loaded = ownPreloads();
    const found = config.bundle ? chooseBundle(main, build.root, loaded) : undefined;
    const bundle = found && 'script' in found ? found : undefined;
    const app = listAppFiles(build, config, option, { preloads: loaded, bundle });
    refuseLarge(app, config.maxBytes, option);
    const index = await makeIndex(app);
    const paths = index.files.map(({ path }) => join(app.root, path));
    const written = await write(index, paths, app.files);
    const place = (path: string): string => posix(relative(app.root, path)) || '.';
    const info = {
      ...written.sizes,
      main: place(bundle?.script ?? main),
      folder: place(workingFolder(app, build.root)),
      // Others are of this machine, such as that of an editor's debugger.
      preloads: loaded
        .filter((path) => (isAbsolute(path) ? app.files.has(path) : !bundle || path !== 'nestjs-flame/register'))
        .map((path) => (isAbsolute(path) ? `./${place(path)}` : path)),
    };
    return new AppPackage(info, paths.length, found && 'why' in found ? found.why : undefined, written.file);
  }

  /** Reads at most `length` bytes of the compressed archive. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafe(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function findBuild(script: string): ReturnType<typeof locateBuild> {
  try {
    return locateBuild(script);
  } catch {
    return undefined;
  }
}

/** The app's bundle. Its inline functions are compiled; other code that is loaded before the app is not for bundles. */
function chooseBundle(main: string, app: string, loaded: readonly string[]): RunnerBundle | RefusedBundle | undefined {
  const bundle = findBundle(main);
  const ofApp = loaded.filter((name) => !isAbsolute(name) || name.startsWith(join(app, sep)));
  const why = reasonAgainstBundle(ofApp.map((name) => `--import=${name}`));
  return bundle && why !== undefined ? { why } : bundle;
}

/**
 * What this process preloads: runners need it as well, and the machine has it only when the code is there. Packages by their names, files
 * by their absolute paths.
 */
function ownPreloads(): string[] {
  const flags = [...(process.env.NODE_OPTIONS?.split(' ') ?? []), ...withoutScript(process.execArgv)];
  return preloads(flags).map((name) => (/^\.\.?[\\/]/.test(name) ? resolve(name) : name));
}

/** This process's working folder if it is shipped, else the app's. */
function workingFolder({ files }: AppFiles, app: string): string {
  const own = join(realpathSync(process.cwd()), sep);
  return Array.from(files.keys()).some((path) => path.startsWith(own)) ? own : app;
}

async function makeIndex({ root, files, links }: AppFiles): Promise<ArchiveIndex> {
  const place = (path: string): string => posix(relative(root, path));
  const byPath = (a: { path: string }, b: { path: string }): number => (a.path < b.path ? -1 : 1);
  const addons: ArchivedAddon[] = [];
  for (const [path, { of }] of files) {
    if (!path.endsWith('.node')) continue;
    const needed = { package: of?.addonsOf ?? 'shipCode.paths', ...(of?.optional && { optional: true as const }) };
    addons.push({ path: place(path), ...needed, ...addonTarget(await readFile(path)) });
  }
  return {
    files: Array.from(files, ([path, { bytes, executable }]) => ({ path: place(path), bytes, ...(executable && { executable }) })).sort(
      byPath,
    ),
    links: Array.from(links, ([path, target]) => ({ path: place(path), target: posix(relative(dirname(path), target)) })).sort(byPath),
    addons: addons.sort(byPath),
  } as ArchiveIndex;
}

async function write(
  index: ArchiveIndex,
  paths: readonly string[],
  files: AppFiles['files'],
): Promise<{ file: FileHandle; sizes: Pick<CodeInfo, 'hash' | 'bytes' | 'unpacked'> }> {
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-flame-code-'));
  const path = join(folder, 'code.gz');
  let file: FileHandle | undefined;
  try {
    const hash = createHash('sha256');
    let unpacked = 0;
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of contents(index, paths, files)) {
        hash.update(chunk);
        unpacked += chunk.length;
        yield chunk;
      }
    };
    await pipeline(counted, createGzip({ level: compressionLevel, chunkSize: 256 * 1024 }), createWriteStream(path, { mode: 0o600 }));
    file = await open(path);
    const { size } = await file.stat();
    return { file, sizes: { hash: hash.digest('hex'), bytes: size, unpacked } };
  } catch (error) {
    await file?.close();
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function* contents(index: ArchiveIndex, paths: readonly string[], files: AppFiles['files']): AsyncGenerator<Buffer> {
  const text = Buffer.from(JSON.stringify(index));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  yield Buffer.concat([archiveMagic, length, text]);
  for (const [number, path] of paths.entries()) {
    const { bytes } = index.files[number]!;
    const content = files.get(path)?.content;
    if (content) {
      yield content;
      continue;
    }
    let read = 0;
    const pieces = bytes >= large ? createReadStream(path, { highWaterMark: 1024 * 1024 }) : [await readFile(path)];
    for await (const piece of pieces as AsyncIterable<Buffer>) {
      read += piece.length;
      if (read <= bytes) yield piece;
    }
    if (read !== bytes) throw new Error(`${path} was changed while it was packed`);
  }
}

function refuseLarge({ root, files, links }: AppFiles, maxBytes: number, option: string): void {
  const parts = new Map<string, number>();
  let total = 0;
  for (const [path, { bytes, of }] of files) {
    total += bytes;
    const part = partOf(path, of, root);
    parts.set(part, (parts.get(part) ?? 0) + bytes);
  }
  const count = files.size + links.size;
  if (count > mostEntries)
    throw badOption(option, `would ship ${count} files, more than the limit of ${mostEntries}`, 'Exclude some with shipCode.exclude.');
  if (total <= maxBytes) return;
  const largest = Array.from(parts)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([part, bytes]) => `${part} (${megabytes(bytes)})`);
  throw badOption(
    `${option}.maxBytes`,
    `allows ${megabytes(maxBytes)}, and the app has ${megabytes(total)}. The largest parts: ${largest.join(', ')}`,
    'Leave out what runners do not need with shipCode.exclude, or raise maxBytes.',
  );
}

function partOf(path: string, of: AppFile['of'], root: string): string {
  return of === undefined ? posix(relative(root, dirname(path))) || '.' : of.name;
}

/** A size for people. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
