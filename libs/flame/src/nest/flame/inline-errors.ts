import { FlameError } from '../../core/errors/flame-error.js';
import { show } from '../../core/options/option-reader.js';
import { notProvided } from '../module/flame-app.js';
import { inlineFunctions, inlineMethods, markOf } from '../../inline/index.js';
import type { Mark } from '../../inline/index.js';

/** The ways to have inline functions compiled. */
const ways =
  '`nest start --exec "node --import nestjs-flame/register"` in development (Node 22.15 or later; without the Nest CLI, that `node` command), ' +
  '`npx nestjs-flame compile dist` after a build, `nestjs-flame/unplugin` with Vite, Vitest, webpack and rspack, `nestjs-flame/jest` with Jest';

/**
 * The mark of a function that was given to `asker`.
 *
 * @throws {FlameError} FLAME_CONFIG for a function that is not inline or was not compiled, or that cannot leave its place.
 */
export function readMark(fn: Function, asker: string): Mark {
  const mark = markOf(fn);
  if (mark === undefined) throw notCompiled(fn, asker);
  if (mark.problem !== undefined) throw new FlameError('FLAME_CONFIG', `${asker}: ${mark.problem}`);
  return mark;
}

function notCompiled(fn: unknown, asker: string): FlameError {
  return new FlameError(
    'FLAME_CONFIG',
    `${asker} was given ${show(fn)}, which runners do not have: it is not an inline function that was compiled. ` +
      `Write the function in the call itself, and switch on one of these: ${ways}.`,
  );
}

/**
 * Why an app does not know a function that was compiled. `self` is the `this` of its place; `above` is the function that `Flame` called
 * with it.
 */
export function notKnown(mark: Mark, self: unknown, asker: string, above: Function): FlameError {
  const { id, digest } = mark;
  const same = (other: { readonly id: string; readonly digest: string }): boolean =>
    other.id === id && (digest === undefined || other.digest === digest);
  const methods = Array.from(inlineMethods.values()).filter(same);
  if (methods.length > 0 && typeof self === 'object' && self !== null) return notProvided(id, self);
  if (methods.length > 0)
    return new FlameError(
      'FLAME_CONFIG',
      `${asker}: ${id} uses \`this\`, which is ${show(self)} here. Call the method around it on an instance of its class.`,
    );
  if (digest === undefined && Array.from(inlineFunctions.values()).filter(same).length > 1)
    return new FlameError('FLAME_CONFIG', `${asker}: several inline functions are named ${id}. Give one of their classes another name.`);
  return new FlameError(
    'FLAME_CONFIG',
    `${asker}: ${id} is not known to runners: its module was loaded after the app started (called ${placeOf(above)}). ` +
      `Import that file at the top of a file that the app's root module imports, not with import() or require() later on.`,
  );
}

/** The file and line of the app's code that called `Flame`, which called `above`. */
function placeOf(above: Function): string {
  const site: { stack?: string } = {};
  Error.captureStackTrace(site, above);
  return site.stack?.split('\n')[2]?.trim() ?? 'at an unknown place';
}
