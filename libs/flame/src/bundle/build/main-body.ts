import { Tree } from '../../compile/tree.js';
import type { Node } from '../../compile/tree.js';
import { isFunction } from '../../compile/tree.js';

/**
 * A main file without its top-level `await`: the file's imports, and its other statements as the body of an async function. V8 keeps
 * compiled code only of files without top-level `await`, and the main file of a new Nest app ends with one. Lines stay where they are.
 *
 * Returns the code as it is if it awaits nothing at its top level, or if it exports anything: then another file may wait for it.
 */
export function withoutTopLevelAwait(code: string): string {
  if (!/\bawait\b/.test(code)) return code;
  let tree: Tree;
  try {
    tree = new Tree(code, 'module');
  } catch {
    return code;
  }
  const statements = tree.program.body as Node[];
  if (statements.some(({ type }) => type.startsWith('Export')) || !awaitsAtTop(tree)) return code;
  let imports = '';
  let body = code;
  for (const node of statements.filter(({ type }) => type === 'ImportDeclaration')) {
    const text = tree.textOf(node);
    imports += `${text.replace(/\s*\n\s*/g, ' ')}${text.endsWith(';') ? '' : ';'}`;
    body = body.slice(0, node.start) + text.replace(/[^\n]/g, ' ') + body.slice(node.end);
  }
  const hashbang = /^#!.*/.exec(body)?.[0] ?? '';
  return `${imports}__flame.run(async()=>{${body.slice(hashbang.length)}\n});`;
}

function awaitsAtTop(tree: Tree): boolean {
  for (const node of tree.below(tree.program, (inner) => !isFunction(inner))) {
    if (node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node.await)) return true;
    if (node.type === 'VariableDeclaration' && (node.kind as string) === 'await using') return true;
  }
  return false;
}
