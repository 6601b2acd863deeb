import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

/** The parts of `process` that describe how it was started. */
export type Started = Pick<NodeJS.Process, 'execPath' | 'execArgv' | 'argv' | 'env'>;

/** PM2 starts a script of its own, which loads the app. */
const ofPm2 = /[\\/]pm2[\\/]lib[\\/]ProcessContainer\w*\.js$/;

/**
 * The script that started this process, as written on the command line; undefined if the process was started from code. Under PM2 it is the
 * app's script.
 */
export function ownScript({ argv, env }: Pick<Started, 'argv' | 'env'> = process): string | undefined {
  const script = argv[1];
  if (script === undefined || script === '-') return undefined;
  return ofPm2.test(script) ? (env.pm_exec_path ?? script) : script;
}

/** Resolves a file as `node <path>` would, which adds extensions and looks for `index.js`. @throws if there is none. */
export function realScript(path: string, cwd = process.cwd()): string {
  return createRequire(join(resolve(cwd), 'package.json')).resolve(resolve(cwd, path));
}
