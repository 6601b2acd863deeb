import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The repository's folder, in which both vitest and npm start. */
const root = process.cwd();
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

/** The programs of child processes, in the order of their builds: folders of the sources, tsconfig, output, what follows. */
const builds = [
  { sources: ['libs/flame/src'], tsconfig: 'libs/flame/tsconfig.lib.json', output: 'libs/flame/dist', then: () => run('build:entries') },
  {
    sources: ['test/apps/src', 'libs/flame/src/compile'],
    tsconfig: 'test/apps/tsconfig.json',
    output: 'test/apps/dist',
    then: compileInlineFunctions,
  },
];

/**
 * Vitest's global set-up for tests that start processes. The processes run compiled code, because on-the-fly transpilers omit decorator
 * metadata. Builds only outputs that are older than their sources.
 */
export default function buildOnce(): void {
  for (const build of builds) {
    const changed = Math.max(...build.sources.map((folder) => newest(join(root, folder), '.ts')));
    if (changed <= newest(join(root, build.output), '.js')) continue;
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', join(root, build.tsconfig)], { cwd: root, encoding: 'utf8' });
    if (stdout) console.error(stdout);
    // Status 2 means type errors, with all output written. The linter reports them, as for the specs themselves.
    if (status !== 0 && status !== 2) throw new Error(`${build.tsconfig} does not build: tsc ended with ${status}`);
    build.then();
  }
  const page = join(root, 'libs/flame/page');
  if (Math.max(newest(page, '.ts'), newest(page, '.css')) > newest(join(root, 'libs/flame/dist/page'), '.js')) run('build:page');
}

/**
 * Compiles three of the apps, of one a copy. No test changes these files later: the apps of other tests belong to the same build, whose
 * runners compare it with their parent's.
 */
function compileInlineFunctions(): void {
  const apps = join(root, 'test/apps/dist');
  const compiled = join(apps, 'inline-compiled');
  cpSync(join(apps, 'inline-calls'), compiled, { recursive: true });
  const command = [join(root, 'libs/flame/dist/entry/cli.js'), 'compile', join(apps, 'inline'), join(apps, 'observed'), compiled];
  const { status, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`nestjs-flame compile failed: ${stderr}`);
}

function run(script: string): void {
  const { status, stderr } = spawnSync('npm', ['run', '-s', script], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm run ${script} failed: ${stderr}`);
}

/** The time of the last change to a file with that extension in a folder; 0 if there is none. */
function newest(folder: string, ending: string): number {
  if (!existsSync(folder)) return 0;
  const times = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending) && !file.endsWith(`.spec${ending}`))
    .map((file) => statSync(join(folder, file)).mtimeMs);
  return Math.max(0, ...times);
}
