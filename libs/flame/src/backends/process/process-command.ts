import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { badOption, show } from '../../core/options/option-reader.js';
import { registerFlags, withoutInspector, withoutScript } from '../launch/node-flags.js';
import { ownScript, realScript } from '../launch/own-script.js';
import type { Started } from '../launch/own-script.js';

/** The parts of a command line that the user chose. The other parts are the parent's own. */
export interface CommandRules {
  readonly entry?: string | URL;
  readonly args?: readonly string[];
  readonly execArgv?: readonly string[];
  readonly cwd?: string;
}

/** A command line of Node, in its parts. */
export interface CommandLine {
  /** Node itself. */
  readonly file: string;
  readonly flags: readonly string[];
  readonly script: string;
  /** Those of the script. */
  readonly args: readonly string[];
}

/**
 * The command line of a runner: the parent's own, unless `rules` override it. The parent's arguments belong to the parent's script, so with
 * `entry` the only arguments are `rules.args`. `inspector` holds the flags that open the runner's inspector.
 *
 * @throws {FlameError} FLAME_CONFIG when the parent has no script that a process could start and no `entry` was given, or when there is no
 * file at `entry`.
 */
export function runnerCommand(rules: CommandRules, started: Started = process, inspector: readonly string[] = []): CommandLine {
  const flags = [...nodeFlags(rules.execArgv, started.execArgv), ...inspector];
  const args = rules.args ?? (rules.entry === undefined ? started.argv.slice(2) : []);
  return { file: started.execPath, flags, script: runnerScript(rules, started), args };
}

/** The arguments of Node in a command line, as `spawn` takes them. */
export function allArguments({ flags, script, args }: CommandLine): string[] {
  return [...flags, script, ...args];
}

function nodeFlags(chosen: readonly string[] | undefined, ofParent: readonly string[]): readonly string[] {
  if (chosen === undefined) return withoutScript(withoutInspector(ofParent));
  return registerFlags(chosen).length > 0 ? chosen : [...registerFlags(ofParent), ...chosen];
}

/** The app's main file in that command line. @throws {FlameError} FLAME_CONFIG like `runnerCommand`. */
export function runnerScript({ entry, cwd }: CommandRules, started: Started = process, inThread = !isMainThread): string {
  if (entry !== undefined) return entryFile(entry, cwd);
  const script = ownScript(started);
  if (script === undefined || withoutScript(started.execArgv).length < started.execArgv.length) {
    throw noEntry(
      'this process was started from code instead of a file (node -e, a REPL, standard input), so runners have no script to start',
    );
  }
  if (inThread) throw noEntry(`the app runs in a worker thread of ${show(script)}, but a runner is a process of its own`);
  return script;
}

function noEntry(why: string): Error {
  return badOption(
    'ProcessBackend.entry',
    `is missing: ${why}`,
    "Set it to the app's main file, such as new ProcessBackend({ entry: 'dist/main.js' }).",
  );
}

function entryFile(entry: string | URL, cwd = process.cwd()): string {
  const path = resolve(cwd, entry instanceof URL || entry.startsWith('file:') ? fileURLToPath(entry) : entry);
  try {
    return realScript(path, cwd);
  } catch {
    throw badOption(
      'ProcessBackend.entry',
      `is a file that does not exist: ${show(path)}`,
      'Build the app first, or set the path of its main file, relative to cwd.',
    );
  }
}
