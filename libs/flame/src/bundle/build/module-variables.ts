import { Scopes } from '../../compile/scopes.js';
import type { Node } from '../../compile/tree.js';
import { Tree } from '../../compile/tree.js';
import { moduleFormat } from '../../loaders/module-format.js';
import type { ModuleFormat } from '../../loaders/module-format.js';

/** A file as the bundle gets it. */
interface SourceFile {
  /** Its absolute path. */
  readonly path: string;
  readonly code: string;
  /** What package.json says of it. */
  readonly type: ModuleFormat | undefined;
  /** Its path relative to the bundle's folder. */
  readonly place: string;
  readonly isMain: boolean;
}

/** Replaced wherever esbuild finds them, if no variable of that name is in scope. The files that use them declare these variables. */
export const definitions: Readonly<Record<string, string>> = {
  'import.meta': '__flameMeta',
  'require.resolve': '__flameRequire.resolve',
  'require.cache': '__flameRequire.cache',
  'require.extensions': '__flameRequire.extensions',
  'require.main': '__flame.main',
};

const anyVariable = /\b(?:__dirname|__filename|import\s*\.\s*meta|import\s*\(|require|module\s*\.\s*(?!exports\b)\w+)\b|\bimport\s*\(/;
/** `require` in any use but that with a literal name, which esbuild follows. */
const freeRequire = /(?<![.\w$])require\b(?!\s*\(\s*(?:'[^']*'|"[^"]*"|`[^`$]*`)\s*\)|\s*\.\s*(?:resolve|cache|extensions|main)\b)/;
const freeImport = /\bimport\s*\(\s*(?!'[^']*'\s*[,)]|"[^"]*"\s*[,)])/;
/** How files that a compiler makes CommonJS of hide an `import()` from it, such as TypeORM's loader of entities. */
const hiddenImport =
  /\b(?:new\s+)?Function\(\s*(?:(['"])(\w+)\1\s*,\s*(['"])return import\(\2\);?\3\s*\)|(['"])return (\w+) => import\(\5\);?\4\s*\)\(\))/g;
/** A hashbang, comments and the directives at the start of a file, which have to stay in front. */
const prologue = /^(?:#!.*\n)?(?:\s+|\/\/.*(?:\n|$)|\/\*[\s\S]*?\*\/|(?:'use [^'\n]*'|"use [^"\n]*")[ \t]*(?:;|(?=\n)))*/;

/**
 * Gives a file the module variables of its original place, since in a bundle `__dirname`, `import.meta.url`, `module.filename` and a
 * `require` of a computed name would be those of the bundle. The lines of the file stay where they are.
 */
export function withModuleVariables({ path, code, type, place, isMain }: SourceFile): string {
  if (!isMain && !anyVariable.test(code)) return code;
  const visible = code.replace(hiddenImport, '__flameImport');
  const format = moduleFormat(path, code, type);
  const here = JSON.stringify(place);
  const text = freeRequire.test(visible) || freeImport.test(visible) ? rewriteLoads(visible, format) : visible;
  const variables = format === 'commonjs' ? ofCommonJs(text, here, isMain) : ofModule(text, here, isMain);
  if (text.includes('__flameImport')) variables.push(`var __flameImport=__flame.import(${here});`);
  if (variables.length === 0) return text;
  const start = prologue.exec(text)![0].length;
  return text.slice(0, start) + variables.join('') + text.slice(start);
}

function ofCommonJs(text: string, here: string, isMain: boolean): string[] {
  const variables: string[] = [];
  if (isMain) variables.push('__flame.main=module;');
  if (isMain || /\bmodule\s*\.\s*(?!exports\b)\w/.test(text)) variables.push(`__flame.module(module,${here});`);
  if (/\b__(?:file|dir)name\b/.test(text)) variables.push(`var __filename=__flame.file(${here}),__dirname=__flame.folder(${here});`);
  if (/__flameRequire|\brequire\s*\.\s*(?:resolve|cache|extensions)\b/.test(text))
    variables.push(`var __flameRequire=__flame.require(${here});`);
  return variables;
}

function ofModule(text: string, here: string, isMain: boolean): string[] {
  return /\bimport\s*\.\s*meta\b/.test(text) ? [`var __flameMeta=__flame.meta(${here}${isMain ? ',true' : ''});`] : [];
}

/** The code with the `require` and the `import()` of names that are not known before it runs replaced. */
function rewriteLoads(code: string, format: ModuleFormat): string {
  let tree: Tree;
  try {
    tree = new Tree(code, format);
  } catch {
    // esbuild says what is wrong with it, or understands it.
    return code;
  }
  const places = format === 'commonjs' ? freeRequires(tree, new Scopes(tree, format)) : [];
  for (const node of tree.nodes)
    if (node.type === 'ImportExpression' && !isLiteral(node.source)) places.push([node.start, '__flameImport']);
  let text = code;
  for (const [at, name] of places.sort(([one], [other]) => other - one)) {
    const length = name === '__flameImport' ? 'import'.length : 'require'.length;
    text = text.slice(0, at) + name + text.slice(at + length);
  }
  return text;
}

function freeRequires(tree: Tree, scopes: Scopes): [number, string][] {
  const found: [number, string][] = [];
  for (const node of tree.nodes) {
    if (node.type !== 'Identifier' || node.name !== 'require' || !scopes.isReference(node) || scopes.variableOf(node)) continue;
    const parent = tree.parentOf(node);
    const isFollowed =
      parent?.type === 'CallExpression' && parent.callee === node && parent.arguments.length === 1 && isLiteral(parent.arguments[0]!);
    const isDefined =
      parent?.type === 'MemberExpression' && parent.object === node && `require.${tree.textOf(parent.property)}` in definitions;
    if (!isFollowed && !isDefined) found.push([node.start, '__flameRequire']);
  }
  return found;
}

function isLiteral(node: Node): boolean {
  return (node.type === 'Literal' && typeof node.value === 'string') || (node.type === 'TemplateLiteral' && node.expressions.length === 0);
}
