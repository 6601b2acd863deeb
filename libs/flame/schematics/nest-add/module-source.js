'use strict';

/** The source with one more entry in the `imports` of its first `@Module`; undefined if it has none. `ts` is the app's TypeScript. */
exports.withModule = function withModule(ts, source, entry) {
  const metadata = findMetadata(ts, ts.createSourceFile('app.module.ts', source, ts.ScriptTarget.Latest, true));
  if (!metadata) return undefined;
  const imports = metadata.properties.find((property) => ts.isPropertyAssignment(property) && property.name.text === 'imports');
  if (!imports) return insert(source, metadata.getStart() + 1, `\n  imports: [${entry}],`);
  if (!ts.isArrayLiteralExpression(imports.initializer)) return undefined;
  const { elements } = imports.initializer;
  return insert(source, imports.initializer.getStart() + 1, elements.length > 0 ? `${entry}, ` : entry);
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
