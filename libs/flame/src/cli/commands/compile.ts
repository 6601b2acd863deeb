import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { InlineCompiler } from '../../loaders/inline-compiler.js';
import { compileFile, javaScriptFiles, rewrite } from '../compiled-folder.js';
import type { FoundFile } from '../compiled-folder.js';
import { FolderWatch } from '../folder-watch.js';
import { ProgressLine } from '../progress-line.js';

export interface CompileOptions {
  readonly check?: boolean;
  readonly watch?: boolean;
}

type Print = (text: string) => void;

/**
 * Compiles the inline functions of JavaScript files, in place. With `check` it changes no file; with `watch` it goes on with each file that is
 * written, until the process is ended.
 *
 * Resolves to the exit code: 0 if all inline functions can run elsewhere, 1 if one cannot (then no file is changed), 2 if there is no such
 * folder.
 */
export async function compileFolders(folders: readonly string[], options: CompileOptions, print: Print = console.error): Promise<number> {
  const paths = folders.map((folder) => resolve(folder));
  const missing = paths.find((path) => !existsSync(path));
  if (missing !== undefined && !options.watch) {
    print(`there is no ${missing}: build the app first, or give the folder of its JavaScript, as in npx nestjs-flame compile dist`);
    return 2;
  }
  const compileAll = (files: readonly string[], progress?: ProgressLine): Outcome => {
    const outcome = compileFiles(files, options, progress);
    for (const text of outcome.findings) print(`${text}\n`);
    return outcome;
  };
  const watches = options.watch
    ? paths.map(
        (path) =>
          new FolderWatch(path, (files) => {
            const outcome = compileAll(files);
            if (outcome.found + outcome.errors > 0) print(summary(outcome, options));
          }),
      )
    : [];
  const outcome = compileAll(
    paths.filter((path) => existsSync(path)).flatMap((path) => [...javaScriptFiles(path)]),
    new ProgressLine(process.stderr),
  );
  print(summary(outcome, options));
  if (watches.length === 0) return outcome.errors > 0 ? 1 : 0;
  print(`watching ${folders.join(', ')}`);
  return Promise.race(watches.map((watch) => watch.ended));
}

interface Outcome {
  readonly files: number;
  /** Of them, those with inline functions that were not compiled before. */
  readonly found: number;
  readonly functions: number;
  readonly errors: number;
  readonly findings: readonly string[];
  readonly time: number;
}

/** All files or, if one has an error, none: a build is whole. With `watch` the others, as they may be all that there is of the app. */
function compileFiles(paths: readonly string[], { check, watch }: CompileOptions, progress?: ProgressLine): Outcome {
  const began = performance.now();
  const found: FoundFile[] = [];
  const findings: string[] = [];
  let errors = 0;
  const compiler = new InlineCompiler({
    error: (text) => {
      errors++;
      findings.push(text);
    },
    warning: (text) => findings.push(text),
  });
  paths.forEach((path, index) => {
    progress?.show(`${index} of ${paths.length} files, ${found.length} with inline functions`);
    const before = errors;
    const file = compileFile(path, compiler);
    if (file && errors === before) found.push(file);
  });
  if (!check && (watch || errors === 0)) for (const file of found) rewrite(file);
  progress?.clear();
  const functions = found.reduce((sum, file) => sum + file.functions.length, 0);
  return { files: paths.length, found: found.length, functions, errors, findings, time: performance.now() - began };
}

function summary({ files, found, functions, errors, time }: Outcome, { check, watch }: CompileOptions): string {
  const seconds = (time / 1000).toFixed(1);
  if (errors > 0 && !watch) return `${counted(errors, 'error')} in ${counted(files, 'file')}; no file was changed (${seconds} s)`;
  const what = `${check ? 'checked' : 'compiled'} ${counted(functions, 'inline function')} in ${found} of ${counted(files, 'file')}`;
  return `${what}${errors > 0 ? `, but not those with ${counted(errors, 'error')}` : ''} (${seconds} s)`;
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
