/**
 * Plants awaits into the expressions of a program.
 *
 * | before          | after                | form     |
 * |-----------------|----------------------|----------|
 * | `a + f(b)`      | `(await (a)) + f(b)` | `direct` |
 * | `a + f(b)`      | `(await [a])[0] + …` | `boxed`  |
 *
 * The boxed form leaves promises and thenables as they are. Only expressions whose value is all that matters are taken: no target of
 * an assignment, no operand of `delete` or `typeof`, no member that is called, no part of an optional chain, no function that gets its
 * name from where it stands. They belong to an async function and to none of its parameters.
 */
import { parse } from "@babel/parser";
import { VISITOR_KEYS } from "@babel/types";

/** Where an expression is asked for its value, and nothing else. */
const places = new Set([
  ...["ExpressionStatement.expression", "VariableDeclarator.init", "ReturnStatement.argument"],
  ...["ThrowStatement.argument", "IfStatement.test", "WhileStatement.test", "DoWhileStatement.test"],
  ...["ForStatement.init", "ForStatement.test", "ForStatement.update", "ForInStatement.right"],
  ...["ForOfStatement.right", "SwitchStatement.discriminant", "SwitchCase.test"],
  ...["BinaryExpression.left", "BinaryExpression.right", "LogicalExpression.left", "LogicalExpression.right"],
  ...["ConditionalExpression.test", "ConditionalExpression.consequent", "ConditionalExpression.alternate"],
  ...["AssignmentExpression.right", "AssignmentPattern.right", "SequenceExpression.expressions"],
  ...["CallExpression.arguments", "OptionalCallExpression.arguments", "NewExpression.arguments"],
  ...["CallExpression.callee", "NewExpression.callee", "TaggedTemplateExpression.tag"],
  ...["MemberExpression.object", "MemberExpression.property", "OptionalMemberExpression.object"],
  ...["OptionalMemberExpression.property", "ArrayExpression.elements", "SpreadElement.argument"],
  ...["ObjectProperty.key", "ObjectProperty.value", "ObjectMethod.key", "ClassMethod.key"],
  ...["ClassProperty.key", "ClassAccessorProperty.key", "ClassDeclaration.superClass"],
  ...["ClassExpression.superClass", "TemplateLiteral.expressions", "UnaryExpression.argument"],
  ...["YieldExpression.argument", "AwaitExpression.argument", "ArrowFunctionExpression.body"],
  ...["ImportExpression.source"],
]);

/** Only a computed one is an expression. */
const keys = new Set(["key", "property"]);
const called = new Set(["callee", "tag"]);
const anonymous = new Set(["FunctionExpression", "ArrowFunctionExpression", "ClassExpression"]);
const naming = new Set(["VariableDeclarator", "AssignmentExpression", "AssignmentPattern", "ObjectProperty"]);
const chained = new Set(["OptionalMemberExpression", "OptionalCallExpression"]);

/**
 * @param {string} text a classic script
 * @param {{ rate: number, boxed: boolean, random: () => number }} options `rate`: the share of expressions that are awaited
 * @returns {{ text: string, count: number }} how many were planted
 * @throws {SyntaxError}
 */
export function plant(text, { rate, boxed, random }) {
  const { program } = parse(text, {
    sourceType: "script",
    createImportExpressions: true,
    errorRecovery: false,
    plugins: ["explicitResourceManagement", ["importAttributes", {}], "decorators", "decoratorAutoAccessors"],
  });
  /** @type {{ at: number, order: number, text: string }[]} */
  const insertions = [];
  const [open, close] = boxed ? ["(await [", "])[0]"] : ["(await (", "))"];
  let count = 0;
  /** Where a parenthesis would make a call of what stands before it. */
  const glued = new Set();

  /** Properties of patterns: their values are targets. */
  const targets = new Set();

  const visit = (node, parent, key, isAsync) => {
    if (node.type === "ObjectPattern") for (const property of node.properties) targets.add(property);
    if (Array.isArray(node.body)) markGlued([...(node.directives ?? []), ...node.body], text, glued);
    if (node.type === "SwitchCase") markGlued(node.consequent, text, glued);
    const isTarget = key === "value" && targets.has(parent);
    if (isAsync && !isTarget && isValue(node, parent, key) && !glued.has(node.start) && random() < rate) {
      // Of those that begin together the outer one opens first; of those that end together the inner one closes first.
      const size = node.end - node.start;
      insertions.push(
        { at: node.start, order: 1e9 - size, text: open },
        { at: node.end, order: size - 1e9, text: close },
      );
      count++;
    }
    for (const name of VISITOR_KEYS[node.type] ?? []) {
      const child = node[name];
      for (const one of Array.isArray(child) ? child : [child])
        if (one) visit(one, node, name, staysAsync(node, name, isAsync));
    }
  };
  visit(program, null, "", false);

  insertions.sort((a, b) => a.at - b.at || a.order - b.order);
  let planted = "";
  let from = 0;
  for (const { at, text: piece } of insertions) {
    planted += text.slice(from, at) + piece;
    from = at;
  }
  return { text: planted + text.slice(from), count };
}

/** Whether `await` may stand in this child. */
function staysAsync(node, key, isAsync) {
  if (/Function|Method/.test(node.type)) {
    if (key === "body") return node.async === true;
    return key === "key" && isAsync;
  }
  if (node.type === "StaticBlock") return false;
  if (/^Class\w*Property$/.test(node.type)) return key === "key" && isAsync;
  return isAsync;
}

function isValue(node, parent, key) {
  if (!places.has(`${parent?.type}.${key}`)) return false;
  if (/^(Super|Import|PrivateName|ArgumentPlaceholder)$/.test(node.type)) return false;
  if (keys.has(key) && !parent.computed) return false;
  if (parent.type === "UnaryExpression" && /^(delete|typeof)$/.test(parent.operator)) return false;
  if (anonymous.has(node.type) && !node.id && naming.has(parent.type)) return false;
  if (parent.type === "ArrowFunctionExpression" && node.type === "BlockStatement") return false;
  if (parent.type === "ForStatement" && node.type === "VariableDeclaration") return false;
  if (chained.has(parent.type) && chained.has(node.type)) return false;
  if (called.has(key) && parent.type !== "NewExpression")
    return !/Member|Chain/.test(node.type) && !chained.has(node.type) && node.name !== "eval";
  return !parent.shorthand;
}

/** A statement that begins with a parenthesis goes on with the one before it, unless that has a clear end. */
function markGlued(statements, text, glued) {
  for (let i = 1; i < statements.length; i++)
    if (!hasEnd(statements[i - 1], text)) glued.add(statements[i].start);
}

function hasEnd(statement, text) {
  if (text[statement.end - 1] === ";") return true;
  if (
    /^(FunctionDeclaration|ClassDeclaration|BlockStatement|TryStatement|SwitchStatement)$/.test(
      statement.type,
    )
  )
    return true;
  if (statement.type === "IfStatement") return hasEnd(statement.alternate ?? statement.consequent, text);
  if (/^(For|While|Labeled|With)/.test(statement.type)) return hasEnd(statement.body, text);
  return false;
}
