'use strict';

/**
 * The source with one more entry, in lines, at the head of the `imports` of its first `@Module`; undefined if it has none. `ts` is the app's
 * TypeScript.
 */
exports.withModule = function withModule(ts, source, lines) {
  const metadata = findMetadata(ts, ts.createSourceFile('app.module.ts', source, ts.ScriptTarget.Latest, true));
  if (!metadata) return undefined;
  const imports = metadata.properties.find((property) => ts.isPropertyAssignment(property) && property.name.text === 'imports');
  const entry = lines.map((line) => `\n    ${line}`).join('');
  if (!imports) return insert(source, metadata.getStart() + 1, `\n  imports: [${entry},\n  ],`);
  if (!ts.isArrayLiteralExpression(imports.initializer)) return undefined;
  const { elements } = imports.initializer;
  const start = imports.initializer.getStart() + 1;
  const end = imports.initializer.getEnd() - 1;
  // Elements on lines of their own stay as they are.
  if (elements.length > 0 && source.slice(start, elements[0].getStart()).includes('\n')) return insert(source, start, `${entry},`);
  const others = elements.map((element) => `\n    ${element.getText()},`).join('');
  return `${source.slice(0, start)}${entry},${others}\n  ${source.slice(end)}`;
};

/** The source with an import, behind its last one. */
exports.withImport = function withImport(ts, source, names, from) {
  const { statements } = ts.createSourceFile('app.module.ts', source, ts.ScriptTarget.Latest, true);
  const last = statements.filter((statement) => ts.isImportDeclaration(statement)).at(-1);
  const text = `import { ${names.join(', ')} } from '${from}';`;
  return last ? insert(source, last.getEnd(), `\n${text}`) : `${text}\n${source}`;
};

function findMetadata(ts, node) {
  if (ts.isDecorator(node) && ts.isCallExpression(node.expression) && node.expression.expression.getText() === 'Module') {
    const [metadata] = node.expression.arguments;
    if (metadata && ts.isObjectLiteralExpression(metadata)) return metadata;
  }
  return ts.forEachChild(node, (child) => findMetadata(ts, child));
}

function insert(source, at, text) {
  return source.slice(0, at) + text + source.slice(at);
}
