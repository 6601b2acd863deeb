import ts from 'typescript';

/** Gives source code in which each block counts how often it runs, in `globalThis.flameBlocks`; `number` gives each a place. */
export function instrument(path: string, source: string, number: () => number): string {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
  const { transformed } = ts.transform(file, [
    (context) => (root) => ts.visitEachChild(root, (node) => visit(node, context, number), context),
  ]);
  return ts.createPrinter().printFile(transformed[0]!);
}

function visit(node: ts.Node, context: ts.TransformationContext, number: () => number): ts.Node {
  if (ts.isTypeNode(node)) return node;
  const { factory } = context;
  const count = (): ts.Expression =>
    factory.createPostfixIncrement(factory.createElementAccessExpression(factory.createIdentifier('flameBlocks'), number()));
  const counted = (expression: ts.Expression): ts.Expression =>
    factory.createParenthesizedExpression(factory.createComma(count(), expression));
  const block = (statement: ts.Statement): ts.Block =>
    factory.createBlock(
      [factory.createExpressionStatement(count()), ...(ts.isBlock(statement) ? statement.statements : [statement])],
      true,
    );
  const inside = ts.visitEachChild(node, (child) => visit(child, context, number), context);

  if (ts.isIfStatement(inside))
    return factory.updateIfStatement(
      inside,
      inside.expression,
      block(inside.thenStatement),
      block(inside.elseStatement ?? factory.createEmptyStatement()),
    );
  if (ts.isForStatement(inside))
    return factory.updateForStatement(inside, inside.initializer, inside.condition, inside.incrementor, block(inside.statement));
  if (ts.isForOfStatement(inside))
    return factory.updateForOfStatement(inside, inside.awaitModifier, inside.initializer, inside.expression, block(inside.statement));
  if (ts.isWhileStatement(inside)) return factory.updateWhileStatement(inside, inside.expression, block(inside.statement));
  if (ts.isCaseClause(inside))
    return factory.updateCaseClause(inside, inside.expression, [factory.createExpressionStatement(count()), ...inside.statements]);
  if (ts.isDefaultClause(inside))
    return factory.updateDefaultClause(inside, [factory.createExpressionStatement(count()), ...inside.statements]);
  if (ts.isConditionalExpression(inside))
    return factory.updateConditionalExpression(
      inside,
      inside.condition,
      inside.questionToken,
      counted(inside.whenTrue),
      inside.colonToken,
      counted(inside.whenFalse),
    );
  if (ts.isBinaryExpression(inside) && shortCircuits.has(inside.operatorToken.kind))
    return factory.updateBinaryExpression(inside, inside.left, inside.operatorToken, counted(inside.right));
  if (ts.isMethodDeclaration(inside) && inside.body)
    return factory.updateMethodDeclaration(
      inside,
      inside.modifiers,
      inside.asteriskToken,
      inside.name,
      inside.questionToken,
      inside.typeParameters,
      inside.parameters,
      inside.type,
      block(inside.body),
    );
  if (ts.isFunctionDeclaration(inside) && inside.body)
    return factory.updateFunctionDeclaration(
      inside,
      inside.modifiers,
      inside.asteriskToken,
      inside.name,
      inside.typeParameters,
      inside.parameters,
      inside.type,
      block(inside.body),
    );
  return inside;
}

const shortCircuits = new Set([ts.SyntaxKind.AmpersandAmpersandToken, ts.SyntaxKind.BarBarToken, ts.SyntaxKind.QuestionQuestionToken]);
