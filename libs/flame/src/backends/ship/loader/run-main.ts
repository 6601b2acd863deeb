import Module from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CodeInfo } from '../../../core/parent-info.js';

/** Globals that `node -e` defines. A module that looks for them would take an ES module for CommonJS. */
const ofEval = ['require', 'module', 'exports', '__filename', '__dirname'];

/**
 * Runs the app's main file in this process, as `node <main>` would: with its path in `process.argv`, with its working folder, and after what
 * it preloads. `app` is the folder of the code.
 */
export async function runMain(app: string, { main, folder, preloads }: CodeInfo): Promise<void> {
  const file = join(app, main);
  process.argv.splice(1, 0, file);
  process.chdir(join(app, folder));
  const loaded = preloads.map((name) => (name.startsWith('./') ? join(app, name) : name));
  // Processes that the app starts like itself, such as the other processes of this machine, need the same flags.
  process.execArgv = loaded.flatMap((name) => ['--import', name]);
  for (const name of ofEval) delete (globalThis as Record<string, unknown>)[name];
  const load = importFrom(join(app, folder));
  for (const name of loaded) await load(name.startsWith(app) ? pathToFileURL(name).href : name);
  // Not documented, but what `node <main>` calls: it runs ES modules and CommonJS. Later, so that an error of the app is not one of the loader.
  setImmediate(() => (Module as unknown as { runMain(main: string): void }).runMain(file));
}

/** `import()` of a module in this folder. */
function importFrom(folder: string): (name: string) => Promise<unknown> {
  const file = join(folder, 'preload.js');
  const from = new Module(file) as Module & { _compile(code: string, file: string): void };
  from.filename = file;
  from._compile('module.exports = (name) => import(name);', file);
  return from.exports as (name: string) => Promise<unknown>;
}
