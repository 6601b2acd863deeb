import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { CompiledFile, InlineCompiler } from '../loaders/inline-compiler.js';
import { PackageScopes } from '../loaders/package-scopes.js';
import { rebase, withComment, withInlineMap } from '../loaders/source-map-comment.js';

/** A file that has inline functions and is not compiled yet. */
export interface FoundFile extends CompiledFile {
  readonly path: string;
}

const javascript = /\.[cm]?js$/;

/**
 * The JavaScript files of a folder, or that one file. Not in hidden folders, and in `node_modules` only those of packages that depend on
 * nestjs-flame.
 */
export function* javaScriptFiles(path: string): Generator<string> {
  if (!statSync(path).isDirectory()) return yield path;
  for (const entry of entriesOf(path)) {
    const inside = join(path, entry.name);
    if (!entry.isDirectory()) {
      if (javascript.test(entry.name)) yield inside;
    } else if (isLookedInto(entry.name)) yield* javaScriptFiles(inside);
    else if (entry.name === 'node_modules') yield* filesOfPackages(inside, new PackageScopes());
  }
}

function* filesOfPackages(folder: string, scopes: PackageScopes): Generator<string> {
  for (const entry of entriesOf(folder)) {
    const inside = join(folder, entry.name);
    if (entry.name.startsWith('@')) yield* filesOfPackages(inside, scopes);
    else if (entry.isDirectory() && scopes.compiles(join(inside, 'package.json'))) yield* javaScriptFiles(inside);
  }
}

function entriesOf(folder: string): Dirent[] {
  return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether a path from the folder is one of `javaScriptFiles`. */
export function isJavaScriptFile(path: string): boolean {
  const folders = path.split(/[\\/]/);
  return javascript.test(folders.pop()!) && folders.every(isLookedInto);
}

function isLookedInto(folder: string): boolean {
  return folder !== 'node_modules' && !folder.startsWith('.');
}

/** The file as compiled; undefined where there is nothing to compile, or where it was compiled before. */
export function compileFile(path: string, compiler: InlineCompiler): FoundFile | undefined {
  const file = compiler.compile(path, readFileSync(path, 'utf8'));
  return file && { ...file, path };
}

/** Writes the file and its map to where they were. A code without a map gets none: it is its own source, and its lines stay where they are. */
export function rewrite({ path, code, map, before }: FoundFile): void {
  const { url, mapFile } = before;
  if (url === undefined) return replace(path, code);
  if (before.map === undefined) return replace(path, withComment(code, url));
  if (mapFile === undefined) return replace(path, withInlineMap(code, map));
  replace(mapFile, JSON.stringify(rebase(map, path, mapFile)));
  replace(path, withComment(code, url));
}

/** Who reads meanwhile gets the old file or the new one, and never a part. */
function replace(path: string, text: string): void {
  const fresh = join(dirname(path), `.${basename(path)}.${process.pid}`);
  try {
    writeFileSync(fresh, text);
    chmodSync(fresh, statSync(path).mode);
    renameSync(fresh, path);
  } finally {
    rmSync(fresh, { force: true });
  }
}
