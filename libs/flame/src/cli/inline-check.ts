import { basename, dirname, relative, resolve } from 'node:path';
import { locateBuild } from '../backends/launch/app-build.js';
import type { Check } from '../core/check.js';
import { InlineCompiler } from '../loaders/inline-compiler.js';
import { compileFile, javaScriptFiles } from './compiled-folder.js';
import type { FoundFile } from './compiled-folder.js';

/** The most places in the finding. */
const mostShown = 5;

/**
 * Doctor's check `inline`: whether the app's build has inline functions that are not compiled, each of which is an error at its first call.
 * `registered` says that `nestjs-flame/register` compiles what the app loads.
 */
export function checkInlineFunctions(entry: string, registered: boolean): Check {
  const name = 'inline';
  if (registered) return { name, ok: true, message: 'nestjs-flame/register compiles inline functions when the app loads them' };
  const folder = buildFolder(entry);
  const shown = relative(process.cwd(), folder) || '.';
  const files = [...javaScriptFiles(folder)];
  const places = files.flatMap(uncompiled);
  if (places.length === 0)
    return { name, ok: true, message: `no uncompiled inline function in ${folder} (JavaScript files: ${files.length})` };
  const more = places.length > mostShown ? ` and ${places.length - mostShown} more` : '';
  return {
    name,
    ok: false,
    message: `inline functions that are not compiled, in ${places.slice(0, mostShown).join(', ')}${more}: their calls fail with FLAME_CONFIG`,
    fix: `Run npx nestjs-flame compile ${shown} after each build, or start the app with node --import nestjs-flame/register (Node 22.15 or later).`,
    figures: { places },
  };
}

/**
 * The folder of the entry, or the whole build if the entry is in its folder `src`. The other folders of a build may belong to other apps.
 */
function buildFolder(entry: string): string {
  const folder = dirname(entry);
  const build = locateBuild(entry)?.folder;
  return build !== undefined && basename(folder) === 'src' && !relative(build, folder).startsWith('..') ? build : folder;
}

/** The places of a file's uncompiled inline functions: paths from the working directory, with lines. */
function uncompiled(path: string): string[] {
  const refused: string[] = [];
  const compiler = new InlineCompiler({ error: (text) => refused.push(text.slice(0, text.indexOf(' - '))), warning: () => {} });
  const file = compileFile(path, compiler);
  const source = file ? sourceOf(file) : path;
  const found = file?.functions.filter(({ ofFlame }) => ofFlame) ?? [];
  return [...refused, ...found.map(({ line }) => `${relative(process.cwd(), source)}:${line}`)];
}

/** The file that lines are of: the source, where the map has one, else the file itself. */
function sourceOf({ path, before: { map } }: FoundFile): string {
  const [source, ...others] = map?.sources ?? [];
  return source != null && others.length === 0 ? resolve(dirname(path), map?.sourceRoot ?? '', source) : path;
}
