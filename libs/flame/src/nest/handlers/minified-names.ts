import type { ModulesContainer } from '@nestjs/core';
import type { Class } from './provider-home.js';

/** The options with which bundlers keep the names of classes. */
export const keepNames =
  'Keep the names of classes when you bundle: keepNames with esbuild, keep_classnames with terser (webpack) and with swc';

/** The maximum length of the names that minifiers create, up to 200,000 identifiers. */
const shortName = 3;

/**
 * Returns a function that tests whether a minifier created the name of a class, so that the name would differ in another build. A class
 * without a name counts as minified. Not minified are names of more than three characters, and names that the class's own source sets
 * (`static{e(this,"Db")}`, as esbuild's keepNames does). For the short names:
 *
 * - Names of one or two characters that start with a lower-case letter, `_` or `$` (`e`, `t2`, `_a`) are minified, because people do not
 *   write such class names.
 * - Others (`Db`, `Ai`, `S3`, `sms`, but also a minifier's `Qe`) are minified only if the class's source is minified (`class
 *   Qe{constructor(e){`) and most classes of the app with minified source have short names. In an app that was minified with its names
 *   kept, most names are longer: `AppModule`, `UsersService`.
 */
export function minifiedNames(modules: ModulesContainer): (type: Class) => boolean {
  let most: boolean | undefined;
  return (type) => {
    if (type.name === '') return true;
    if (!isShort(type) || namesItself(type)) return false;
    if (/^[a-z_$][\w$]?$/.test(type.name)) return true;
    return isMinified(type) && (most ??= mostAreShort(modules));
  };
}

function mostAreShort(modules: ModulesContainer): boolean {
  const classes = new Set<Class>();
  for (const { metatype, providers, controllers } of modules.values()) {
    for (const type of [metatype, ...Array.from([...providers.values(), ...controllers.values()], (wrapper) => wrapper.metatype)]) {
      if (typeof type === 'function' && type.prototype !== undefined) classes.add(type as unknown as Class);
    }
  }
  const minified = [...classes].filter((type) => isMinified(type) && !namesItself(type));
  return minified.filter(isShort).length * 2 > minified.length;
}

function isShort({ name }: Class): boolean {
  return name.length <= shortName;
}

/** Whether the source has no space before and at the start of the body. People and compilers write at least one of the two. */
function isMinified(type: Class): boolean {
  return /^(?:class|function)(?:[^{]*[^\s{])?\{\S/.test(sourceOf(type));
}

function namesItself(type: Class): boolean {
  return new RegExp(`\\bstatic\\s*\\{[^}]*["'\`]${type.name.replaceAll('$', '\\$')}["'\`]`).test(sourceOf(type));
}

function sourceOf(type: Class): string {
  return Function.prototype.toString.call(type);
}
