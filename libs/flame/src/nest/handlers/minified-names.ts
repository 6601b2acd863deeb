import type { ModulesContainer } from '@nestjs/core';
import type { Class } from './provider-home.js';

/** How bundlers are told to keep the names of classes. */
export const keepNames =
  'Keep the names of classes when you bundle: keepNames with esbuild, keep_classnames with terser (webpack) and with swc';

/** The longest names that minifiers give while there are fewer than 200,000. */
const shortName = 3;

/**
 * Tells which classes of an app have names that a minifier gave, and another build would give to other classes. A class without a name has one of these, and one whose
 * own source sets its name (`static{e(this,"Db")}`, as esbuild's keepNames does) has not, nor has one whose name is longer than three characters. Then there are:
 *
 * - One or two characters with a small initial, `_` or `$` (`e`, `t2`, `_a`): minified, for people do not name classes so.
 * - Others (`Db`, `Ai`, `S3`, `sms`, but also the `Qe` of a minifier): minified only where the class's own source is (`class Qe{constructor(e){`), and so are the names of most
 *   classes of the app whose source is. In an app that was minified with the names kept, most are longer: `AppModule`, `UsersService`.
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

/** Neither people nor compilers leave out both the space before a body and that in it. */
function isMinified(type: Class): boolean {
  return /^(?:class|function)(?:[^{]*[^\s{])?\{\S/.test(sourceOf(type));
}

function namesItself(type: Class): boolean {
  return new RegExp(`\\bstatic\\s*\\{[^}]*["'\`]${type.name.replaceAll('$', '\\$')}["'\`]`).test(sourceOf(type));
}

function sourceOf(type: Class): string {
  return Function.prototype.toString.call(type);
}
