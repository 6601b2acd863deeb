import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setStartedBundle } from '../../backends/launch/started-bundle.js';
import type { StartedBundle } from '../../backends/launch/started-bundle.js';
import { BundledModules } from './bundled-modules.js';
import { CompiledCode } from './compiled-code.js';

/** What the start script of a bundle knows of it. Paths are relative to the folder of both. */
export interface StartOptions {
  /** The app's main file. */
  readonly main: string;
  readonly code: string;
}

/**
 * Runs a bundle in the place of the app's main file: the last statement of the script that a runner is started with. `module` is that
 * script's.
 */
export function startBundle({ main, code }: StartOptions, module: NodeJS.Module): void {
  const [folder, script] = [module.path, module.filename];
  const modules = new BundledModules(folder);
  // Whoever asks what was started gets the app's main file.
  process.argv[1] = modules.file(main);
  const filename = join(folder, code);
  const bundle: Started = { script, modules, saveCompiledCode: () => undefined };
  setStartedBundle(bundle);
  if (code.endsWith('.mjs')) return void import(pathToFileURL(filename).href);
  const require = modules.require(main);
  if ((process as { sourceMapsEnabled?: boolean }).sourceMapsEnabled) {
    // Node reads source maps of the files that it loads itself.
    require(filename);
  } else {
    const compiled = new CompiledCode(filename);
    bundle.saveCompiledCode = () => compiled.save();
    process.once('exit', bundle.saveCompiledCode);
    compiled.run();
  }
  bundle.start!(require, modules);
}

/** What the code of a bundle uses. */
interface Started extends StartedBundle {
  readonly modules: BundledModules;
  /** A bundle that is no ES module sets this. */
  start?(require: NodeJS.Require, modules: BundledModules): void;
  saveCompiledCode: () => void;
}
