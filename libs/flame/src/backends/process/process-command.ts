import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { badOption, show } from '../../core/option-reader.js';
import { withoutInspector, withoutScript } from '../node-flags.js';

/** What of a command line the user chose; the rest is the parent's own. */
export interface CommandRules {
  readonly entry?: string | URL;
  readonly args?: readonly string[];
  readonly execArgv?: readonly string[];
  readonly cwd?: string;
}

/** What to start, as `spawn` takes it. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/** The parts of `process` that say how the parent was started. */
export type Started = Pick<NodeJS.Process, 'execPath' | 'execArgv' | 'argv'>;

/**
 * The command line of a runner: the parent's own, unless `rules` say otherwise. The parent's arguments go with the parent's script, so with `entry` there
 * are none but `rules.args`.
 *
 * @throws {FlameError} FLAME_CONFIG when the parent's script is not the app and no `entry` was given, or when there is no file at `entry`.
 */
export function runnerCommand(rules: CommandRules, started: Started = process, underTest = false): Command {
  const flags = rules.execArgv ?? withoutScript(withoutInspector(started.execArgv));
  if (rules.entry !== undefined)
    return { file: started.execPath, args: [...flags, entryFile(rules.entry, rules.cwd), ...(rules.args ?? [])] };
  return { file: started.execPath, args: [...flags, ownScript(started, underTest), ...(rules.args ?? started.argv.slice(2))] };
}

function ownScript({ argv, execArgv }: Started, underTest: boolean): string {
  const script = argv[1];
  if (withoutScript(execArgv).length < execArgv.length || script === undefined || script === '-') {
    throw noEntry(
      'this process was started from code and not from a file (node -e, a REPL, standard input), so there is no script to start runners with',
    );
  }
  if (underTest) {
    throw noEntry(
      `this process was started by a test runner: process.argv[1] is ${show(script)}, not the app, and a runner would start the tests again`,
    );
  }
  return script;
}

function noEntry(why: string): Error {
  return badOption(
    'ProcessBackend.entry',
    `is missing: ${why}`,
    "Give the app's main file, such as new ProcessBackend({ entry: 'dist/main.js' }).",
  );
}

/** Finds the file as `node <entry>` would, which adds extensions and looks for `index.js`. */
function entryFile(entry: string | URL, cwd = process.cwd()): string {
  const path = resolve(cwd, entry instanceof URL || entry.startsWith('file:') ? fileURLToPath(entry) : entry);
  try {
    return createRequire(join(resolve(cwd), 'package.json')).resolve(path);
  } catch {
    throw badOption(
      'ProcessBackend.entry',
      `names a file that is not there: ${show(path)}`,
      'Build the app first, or give the path of its main file, relative to cwd.',
    );
  }
}
