/**
 * What one TypeScript file asks of others and does by itself: its imports in every form, its reads of the environment
 * and its statements that run on import. Read from the syntax tree, so that comments and strings are never mistaken.
 */
import ts from 'typescript'

/** @returns {{ imports: {specifier: string, line: number}[], environment: number[], effects: number[] }} lines are 1-based */
export function readSourceFile(path, text) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found = { imports: [], environment: [], effects: [] }
  const lineOf = (node) => file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1

  const visit = (node) => {
    const specifier = specifierOf(node)
    if (specifier !== undefined) found.imports.push({ specifier, line: lineOf(node) })
    if (readsEnvironment(node)) found.environment.push(lineOf(node))
    ts.forEachChild(node, visit)
  }
  visit(file)
  for (const statement of file.statements) {
    if (runsOnImport(statement)) found.effects.push(lineOf(statement))
  }
  return found
}

/** `import`, `export from`, `import()`, `import('x').T`, `import x = require()`, `require()`, `require.resolve()`, `vi.mock()`. */
function specifierOf(node) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return textOf(node.moduleSpecifier)
  if (ts.isImportTypeNode(node)) return textOf(node.argument.literal)
  if (ts.isExternalModuleReference(node)) return textOf(node.expression)
  if (!ts.isCallExpression(node)) return undefined
  const callee = node.expression
  const loads =
    callee.kind === ts.SyntaxKind.ImportKeyword ||
    /^(require|require\.resolve|import\.meta\.resolve|vi\.(do)?[mM]ock|vi\.importActual)$/.test(
      callee.getText(),
    )
  return loads ? textOf(node.arguments[0]) : undefined
}

function textOf(node) {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined
}

/** `process.env`, `process['env']`, `{ env } = process`, and `env` imported from `node:process`. */
function readsEnvironment(node) {
  if (ts.isPropertyAccessExpression(node)) return isProcess(node.expression) && node.name.text === 'env'
  if (ts.isElementAccessExpression(node)) {
    return isProcess(node.expression) && textOf(node.argumentExpression) === 'env'
  }
  if (ts.isVariableDeclaration(node)) {
    return (
      isProcess(node.initializer) && ts.isObjectBindingPattern(node.name) && node.name.elements.some(isEnv)
    )
  }
  if (ts.isImportDeclaration(node) && /^(node:)?process$/.test(textOf(node.moduleSpecifier) ?? '')) {
    const bindings = node.importClause?.namedBindings
    return bindings !== undefined && ts.isNamedImports(bindings) && bindings.elements.some(isEnv)
  }
  return false
}

function isProcess(node) {
  return node !== undefined && /^(globalThis\.)?process$/.test(node.getText())
}

function isEnv(element) {
  return (element.propertyName ?? element.name).getText() === 'env'
}

/** Declarations only name things; what is left does something, as does an import that takes no name. */
function runsOnImport(statement) {
  if (ts.isImportDeclaration(statement)) return statement.importClause === undefined
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.some(
      ({ initializer }) => initializer !== undefined && ts.isAwaitExpression(initializer),
    )
  }
  return (
    ts.isExpressionStatement(statement) ||
    ts.isBlock(statement) ||
    ts.isIfStatement(statement) ||
    ts.isIterationStatement(statement, false) ||
    ts.isSwitchStatement(statement) ||
    ts.isTryStatement(statement) ||
    ts.isThrowStatement(statement)
  )
}
