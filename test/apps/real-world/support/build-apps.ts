import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { generatePrisma } from '../../../support/generate-prisma.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the compiled apps, with their `node_modules`. */
    readonly realWorld: string;
  }
}

const home = join(import.meta.dirname, '..');
const root = join(home, '../../..');
const manifests = ['nest-11/package.json', 'nest-11/package-lock.json'].map((file) => join(home, file));

/**
 * Vitest's global set-up for the apps of `test/apps/real-world`. It installs the packed library beside the packages of the apps as users
 * do, and compiles the apps once, in a folder that lives as long as the run.
 */
export default async function buildApps(project: TestProject): Promise<() => Promise<void>> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'nestjs-flame/real-world');
  const packages = installedOnce(cache);
  // Beside the cache, since only files of one file system can be linked.
  const folder = mkdtempSync(join(cache, 'run-'));
  // Not in one go: vitest waits meanwhile for its workers to end.
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    run('cp', ['-al', join(packages, 'node_modules'), folder], root);
    // npm writes this file in place: the run gets a copy of its own.
    const tree = join(folder, 'node_modules/.package-lock.json');
    copyFileSync(tree, `${tree}.own`);
    renameSync(`${tree}.own`, tree);
    copyManifests(folder);
    cpSync(join(home, 'tsconfig.json'), join(folder, 'tsconfig.json'));
    cpSync(join(home, 'src'), join(folder, 'src'), { recursive: true });
    generateClient(join(folder, 'src/prisma'));
    run('npm', ['install', '--no-save', '--prefer-offline', project.getProvidedContext().tarball], folder);
    run(join(folder, 'node_modules/.bin/tsc'), ['-p', '.'], folder);
    // As `nest build` does with `"assets": ["**/*.py"]`.
    const isAsset = (file: string): boolean => statSync(file).isDirectory() || file.endsWith('.py');
    cpSync(join(home, 'src'), join(folder, 'dist'), { recursive: true, filter: isAsset });
  } catch (error) {
    await remove();
    throw error;
  }
  project.provide('realWorld', folder);
  return remove;
}

/** The packages of the lockfile, installed once for each content of it. */
function installedOnce(cache: string): string {
  const hash = createHash('sha256');
  for (const file of manifests) hash.update(readFileSync(file));
  const installed = join(cache, hash.digest('hex').slice(0, 16));
  if (existsSync(installed)) return installed;
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, 'fresh-'));
  copyManifests(fresh);
  run('npm', ['ci', '--prefer-offline'], fresh);
  renameSync(fresh, installed);
  return installed;
}

/** What `npx prisma generate` makes for the app's schema. */
function generateClient(app: string): void {
  const workshop = mkdtempSync(join(tmpdir(), 'flame-prisma-'));
  try {
    copyFileSync(join(app, 'schema.prisma'), join(workshop, 'schema.prisma'));
    generatePrisma(workshop);
    cpSync(join(workshop, 'generated'), join(app, 'generated'), { recursive: true });
  } finally {
    rmSync(workshop, { recursive: true, maxRetries: 5 });
  }
}

function copyManifests(folder: string): void {
  for (const file of [...manifests, join(root, '.npmrc')]) copyFileSync(file, join(folder, basename(file)));
}

function run(command: string, args: string[], cwd: string): string {
  try {
    return execFileSync(command, args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_ENV: undefined },
    });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}
