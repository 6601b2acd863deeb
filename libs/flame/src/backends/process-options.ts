import { statSync } from 'node:fs';
import { OptionReader, show } from '../core/option-reader.js';
import { isFlameParent } from './process-env.js';

/** What a ProcessBackend can be told; everything can be left out, which starts runners as the parent itself was started. */
export interface ProcessBackendOptions {
  /**
   * The app's main file, relative to `cwd`. Needed where the parent's own script is not the app: under a test runner, in a REPL.
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
   * Node's own flags, before the script.
   *
   * @default process.execArgv, without those of the inspector
   */
  execArgv?: readonly string[];
  /**
   * Environment variables beside the inherited ones, which they replace; `undefined` takes one away. `FLAME_PARENT` cannot be given.
   *
   * @default {}
   */
  env?: Readonly<Record<string, string | undefined>>;
  /**
   * Which of the parent's environment variables runners get: all, none, or those named. `NODE_OPTIONS` goes along in any case.
   *
   * @default 'all'
   */
  inheritEnv?: 'all' | 'none' | readonly string[];
  /**
   * The folder in which runners start.
   *
   * @default process.cwd()
   */
  cwd?: string;
}

const example = "Give them as a list of strings, such as ['--verbose'].";

/**
 * Checks the options, so that what follows can trust them.
 *
 * @throws {FlameError} FLAME_CONFIG that names the option and the fix.
 */
export function checkProcessOptions(options: unknown): ProcessBackendOptions {
  const reader = new OptionReader(options, 'ProcessBackend');
  const inheritEnv = reader.raw('inheritEnv') ?? 'all';
  if (inheritEnv !== 'all' && inheritEnv !== 'none' && !isTexts(inheritEnv)) {
    throw reader.refuse(
      'inheritEnv',
      `must be 'all', 'none' or a list of names, but is ${show(inheritEnv)}`,
      "Give a list such as ['PATH', 'DATABASE_URL'].",
    );
  }
  const checked: ProcessBackendOptions = {
    entry: entry(reader),
    args: texts(reader, 'args'),
    execArgv: texts(reader, 'execArgv'),
    env: env(reader),
    inheritEnv,
    cwd: folder(reader),
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
    "Give a path such as 'dist/main.js'.",
  );
}

function folder(reader: OptionReader): string | undefined {
  if (reader.raw('cwd') === undefined) return undefined;
  const cwd = reader.text('cwd');
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) return cwd;
  throw reader.refuse('cwd', `is not a folder: ${show(cwd)}`, "Give a folder that is there, or leave it out for the parent's own.");
}

function texts(reader: OptionReader, key: string): readonly string[] | undefined {
  const value = reader.raw(key);
  if (value === undefined || isTexts(value)) return value;
  throw reader.refuse(key, `must be a list of strings, but is ${show(value)}`, example);
}

function env(reader: OptionReader): Record<string, string | undefined> {
  const value = reader.raw('env') ?? {};
  const variables = new OptionReader(value, 'ProcessBackend.env');
  const checked = Object.entries(value).map(([name, text]: [string, unknown]): [string, string | undefined] => {
    if (isFlameParent(name))
      throw variables.refuse(name, 'cannot be overridden', 'Leave it out: it is what tells a runner that it is one.');
    if (text === undefined || typeof text === 'string') return [name, text];
    // The value itself may be a secret.
    throw variables.refuse(
      name,
      `must be a string, but is of type ${typeof text}`,
      'Give a string, or undefined to take the variable away.',
    );
  });
  return Object.fromEntries(checked);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
