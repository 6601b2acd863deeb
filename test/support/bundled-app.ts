import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);
const repository = join(import.meta.dirname, '../..');

/** A folder with what the demo's image would hold; Nest loads more where more is installed. */
export async function imageFolder(): Promise<string> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flame-bundled-')));
  await run('npm', ['run', '-s', 'build:demo'], { cwd: repository });
  await run(process.execPath, ['test/engines/app-folder.mjs', folder, 'demo', 'nestjs-flame', '+msgpackr-extract', '+esbuild'], {
    cwd: repository,
  });
  return folder;
}

/** Packages of `test/apps/src/bundled`, by file. Each does something that a bundle can get wrong. */
const packages: Record<string, string> = {
  // Finds its files by `__dirname`, and loads some by a name that it computes.
  'beside-itself/package.json': '{"name":"beside-itself","version":"1.0.0"}',
  'beside-itself/index.js': `'use strict';
const { readFileSync } = require('node:fs');
exports.text = readFileSync(require('node:path').join(__dirname, 'text.txt'), 'utf8') + (function () { return this === undefined; })();
exports.main = [require.main === module, require.main && require.main.filename, module.parent !== null, module.filename === __filename];
exports.loads = (name) => require(name);
exports.imports = (file) => Function("return filePath => import(filePath)")()(file);`,
  'beside-itself/text.txt': 'strict: ',
  'beside-itself/data.json': '{"of":"beside-itself"}',
  // The same as an ES module with a default export.
  'beside-module/package.json': '{"name":"beside-module","version":"1.0.0","type":"module","exports":"./index.js"}',
  'beside-module/index.js': `import { readFileSync } from 'node:fs';
export const text = readFileSync(new URL('text.txt', import.meta.url), 'utf8') + typeof __dirname;
export default 'default';`,
  'beside-module/text.txt': 'module: ',
  // Stays outside of the bundle, and loads a package that is inside.
  'outside/package.json': '{"name":"outside","version":"1.0.0","gypfile":true,"type":"module","exports":"./index.js"}',
  'outside/index.js': `import common from 'common-js';
export default { common };
export const named = 'named';`,
  'common-js/package.json': '{"name":"common-js","version":"1.0.0"}',
  'common-js/index.js': `module.exports = { is: 'the only one' };`,
  'named-at-run-time/package.json': '{"name":"named-at-run-time","version":"1.0.0"}',
  'named-at-run-time/index.js': `module.exports = 'named at run time';`,
};

/** The app of `test/apps/src/bundled` in an image's folder. */
export class BundledApp {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(image: string, name: string): Promise<BundledApp> {
    const app = new BundledApp(join(image, 'apps', name));
    app.#write(name);
    await app.cli('compile', 'dist');
    return app;
  }

  #write(name: string): void {
    cpSync(join(repository, 'test/apps/dist/bundled'), join(this.folder, 'dist'), { recursive: true });
    this.write('package.json', JSON.stringify({ name, type: 'module', dependencies: { 'nestjs-flame': '*' } }));
    for (const [path, text] of Object.entries(packages)) this.write(`node_modules/${path}`, text);
    onTestFinished(() => rmSync(this.folder, { recursive: true, maxRetries: 5 }));
  }

  write(path: string, text: string): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** Runs `npx nestjs-flame`; resolves to what it printed. */
  async cli(...args: string[]): Promise<string> {
    const cli = join(dirname(dirname(this.folder)), 'node_modules/nestjs-flame/dist/entry/cli.js');
    const { stderr } = await run(process.execPath, [cli, ...args], { cwd: this.folder });
    return stderr;
  }

  /** Runs the app with a version of Node; resolves to its lines. */
  async start(node: string, main: string, env: Record<string, string> = {}): Promise<string[]> {
    const { stdout, stderr } = await run(node, [main], { cwd: this.folder, env: { ...process.env, NO_COLOR: '1', ...env } });
    return `${stdout}\n${stderr}`.split('\n');
  }

  /** The files of a bundle. */
  bundle(name = 'main'): string[] {
    return readdirSync(join(this.folder, 'dist/.flame', name)).sort();
  }
}
