import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tool } from '../support/tool.js';

const root = join(import.meta.dirname, '../..');
const context = pathToFileURL(join(root, 'test/apps/dist/cluster/context.js')).href;

/** The test of a user, of an app whose ProcessBackend has no `entry`. `it` comes from the runner's own package, or is a global. */
function userTest(from?: string): string {
  const imported = from === undefined ? '' : `import { it } from '${from}';\n`;
  return `${imported}import { ranHere } from '${context}';\nit('runs in place', async () => { if (!(await ranHere())) throw new Error('elsewhere'); });\n`;
}

/** A folder with the user's test, which finds `library` in the tool's packages; gone after the test. */
function folderWith(files: Record<string, string>, tool?: string, library?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'flame-tested-'));
  onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 5 }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  if (tool !== undefined && library !== undefined) {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(join(tool, '..', library), join(folder, 'node_modules', library));
  }
  return folder;
}

/** Runs a test runner as a user does, without what the one around it has set. */
function run(cwd: string, ...command: string[]): { status: number | null; output: string } {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_OPTIONS|NODE_ENV|TEST)/.test(name)));
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    cwd,
    encoding: 'utf8',
    timeout: 100_000,
    env: { ...env, NO_COLOR: '1' },
  });
  return { status, output: stdout + stderr };
}

function expectPassed({ status, output }: { status: number | null; output: string }): void {
  expect(output).toContain('ProcessBackend acts as LocalBackend: a test runner started this process');
  expect({ status, output }).toMatchObject({ status: 0 });
}

describe('an app with a ProcessBackend without entry, in a test', { timeout: 120_000 }, () => {
  it.each([
    ['Vitest 3', 'forks'],
    ['Vitest 3', 'threads'],
    ['Vitest 4', 'forks'],
    ['Vitest 4', 'threads'],
  ])('of %s in %s runs its handlers in place, and logs it', (version, pool) => {
    const bin = version === 'Vitest 3' ? tool('vitest@3') : join(root, 'node_modules/.bin');
    const config = `export default { test: { include: ['*.check.mjs'], pool: '${pool}', testTimeout: 60_000 } };`;
    const folder = folderWith({ 'app.check.mjs': userTest('vitest'), 'vitest.config.mjs': config }, bin, 'vitest');
    expectPassed(run(folder, join(bin, 'vitest'), 'run'));
  });

  it('of Mocha runs its handlers in place', () => {
    const folder = folderWith({ 'app.check.mjs': userTest() });
    expectPassed(run(folder, join(tool('mocha@11'), 'mocha'), '--timeout', '60000', '--exit', 'app.check.mjs'));
  });

  it('of Mocha, started by a script of another name, runs its handlers in place', () => {
    const bin = tool('mocha@11');
    const script = `import Mocha from 'mocha';\nconst mocha = new Mocha({ timeout: 60_000 });\nmocha.addFile('app.check.mjs');\nawait mocha.loadFilesAsync();\nmocha.run((failures) => process.exit(failures));\n`;
    const folder = folderWith({ 'app.check.mjs': userTest(), 'run-all.mjs': script }, bin, 'mocha');
    expectPassed(run(folder, 'run-all.mjs'));
  });

  it.each([
    ['node --test', ['--test']],
    ['node alone', []],
  ])('of node:test, run by %s, runs its handlers in place', (_, flags) => {
    const folder = folderWith({ 'app.check.mjs': userTest('node:test') });
    expectPassed(run(folder, ...flags, 'app.check.mjs'));
  });

  it.each(['jest@29', 'jest@30'])('of %s runs its handlers in place', (version) => {
    const settings = JSON.stringify({ type: 'module', jest: { testMatch: ['**/*.check.mjs'], transform: {}, testTimeout: 60_000 } });
    const folder = folderWith({ 'app.check.mjs': userTest(), 'package.json': settings });
    expectPassed(
      run(folder, '--experimental-vm-modules', join(tool(version), 'jest'), '--forceExit', '--moduleFileExtensions', 'mjs', 'js'),
    );
  });
});
