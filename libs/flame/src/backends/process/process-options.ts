import { statSync } from 'node:fs';
import { OptionReader, show } from '../../core/options/option-reader.js';
import { readEnvOptions } from '../launch/env-options.js';
import type { EnvOptions } from '../launch/env-options.js';

/** Options of ProcessBackend. All are optional. Without any, runners start in the same way as the parent. */
export interface ProcessBackendOptions extends EnvOptions {
  /**
   * The app's main file, relative to `cwd`. Needed if the parent's own script is not the app: under a test runner, in a REPL.
   *
   * @default process.argv[1]
   */
  entry?: string | URL;
  /**
   * Arguments after the script.
   *
   * @default the parent's own, and none with `entry`
   */
  args?: readonly string[];
  /**
   * Node's own flags, before the script. `--import nestjs-flame/register` goes along in any case, if the parent was started with it.
   *
   * @default process.execArgv, without those of the inspector
   */
  execArgv?: readonly string[];
  /**
   * The folder in which runners start.
   *
   * @default process.cwd()
   */
  cwd?: string;
  /**
   * Opens an inspector in each runner, for debuggers on this host. `true` takes the first free port from 9230 on, a number the first free
   * port from that number on, and 0 any free port. `'brk'` is like `true`, but a runner waits for a debugger before the first line of the
   * app. The log shows the ports.
   *
   * @default false
   */
  inspect?: boolean | number | 'brk';
  /**
   * Starts runners from the bundle that `npx nestjs-flame bundle` has made of the app, if it was made from the build on disk; otherwise from
   * the app's main file, and the log says why. `false` always uses the main file.
   *
   * @default true
   */
  bundle?: boolean;
}

/**
 * Checks the options.
 *
 * @throws {FlameError} FLAME_CONFIG that names the option and the fix.
 */
export function checkProcessOptions(options: unknown): ProcessBackendOptions {
  const reader = new OptionReader(options, 'ProcessBackend');
  const checked: ProcessBackendOptions = {
    entry: entry(reader),
    args: reader.texts('args', "['--verbose']"),
    execArgv: reader.texts('execArgv', "['--max-old-space-size=4096']"),
    ...readEnvOptions(reader, 'all'),
    cwd: folder(reader),
    inspect: inspect(reader),
    bundle: reader.flag('bundle', true),
  };
  reader.done();
  return checked;
}

function entry(reader: OptionReader): string | URL | undefined {
  const value = reader.raw('entry');
  if (value === undefined || (value instanceof URL && value.protocol === 'file:') || (typeof value === 'string' && value !== ''))
    return value;
  throw reader.refuse(
    'entry',
    `must be the path or file: URL of the app's main file, but is ${show(value)}`,
    "Pass a path such as 'dist/main.js'.",
  );
}

function inspect(reader: OptionReader): boolean | number | 'brk' | undefined {
  const value = reader.raw('inspect');
  if (value === undefined || typeof value === 'boolean' || value === 'brk') return value;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw reader.refuse('inspect', `must be true, a port or 'brk', but is ${show(value)}`, 'Pass true; the log shows the ports.');
}

function folder(reader: OptionReader): string | undefined {
  if (reader.raw('cwd') === undefined) return undefined;
  const cwd = reader.text('cwd');
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) return cwd;
  throw reader.refuse('cwd', `is not a folder: ${show(cwd)}`, "Pass a folder that exists, or omit it for the parent's own.");
}
