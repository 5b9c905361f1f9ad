/** Expressions, patterns and templates. */
import type * as t from "@babel/types";
import { functionHead, key, method, parameters } from "./functions.ts";
import { isInlineObject } from "./layout.ts";
import {
  ASSIGNMENT,
  COALESCE,
  hasCall,
  isChain,
  isMixed,
  LEFT_HAND_SIDE,
  MEMBER,
  misreadAsBody,
  operands,
  SEQUENCE,
  UNARY,
} from "./precedence.ts";
import { commas, expression, node, type Printers, wrapped } from "./print-node.ts";
import type { Writer } from "./writer.ts";

function elements(w: Writer, list: readonly (t.Node | null)[]): void {
  w.text("[");
  list.forEach((one, i) => {
    if (i > 0) w.text(", ");
    if (one !== null) expression(w, one, ASSIGNMENT);
  });
  if (list.length > 0 && list.at(-1) === null) w.text(",");
  w.text("]");
}

function properties(w: Writer, of: t.ObjectExpression | t.ObjectPattern): void {
  if (of.properties.length === 0) return w.text("{}");
  if (isInlineObject(of)) {
    w.text("{ ");
    commas(w, of.properties, ASSIGNMENT);
    return w.text(" }");
  }
  w.text("{");
  w.indent();
  of.properties.forEach((one, i) => {
    if (i > 0) w.text(",");
    w.newline();
    node(w, one);
  });
  w.dedent();
  w.newline();
  w.text("}");
}

function literal(w: Writer, of: { readonly value: unknown; readonly extra?: unknown }): boolean {
  const extra = of.extra as { readonly raw?: unknown; readonly rawValue?: unknown } | undefined;
  if (typeof extra?.raw !== "string" || extra.rawValue !== of.value) return false;
  w.raw(extra.raw);
  return true;
}

function binary(w: Writer, of: t.BinaryExpression | t.LogicalExpression): void {
  const [left, right] = operands(of);
  wrapped(w, of.left, left, isMixed(of, of.left));
  w.text(` ${of.operator} `);
  wrapped(w, of.right, right, isMixed(of, of.right));
}

function member(w: Writer, of: t.MemberExpression | t.OptionalMemberExpression, optional: boolean): void {
  const { object } = of;
  const bare = of.type === "MemberExpression" && isChain(object);
  // `1.x` would be a number.
  wrapped(w, object, LEFT_HAND_SIDE, bare || (object.type === "NumericLiteral" && !of.computed));
  if (optional) w.text("?.");
  if (of.computed) {
    w.text("[");
    expression(w, of.property, SEQUENCE);
    w.text("]");
  } else {
    if (!optional) w.text(".");
    node(w, of.property);
  }
}

function call(w: Writer, of: t.CallExpression | t.OptionalCallExpression, optional: boolean): void {
  wrapped(w, of.callee, LEFT_HAND_SIDE, of.type === "CallExpression" && isChain(of.callee));
  w.text(optional ? "?.(" : "(");
  commas(w, of.arguments, ASSIGNMENT);
  w.text(")");
}

export const expressions: Printers = {
  Identifier: (w, of) => w.text(of.name),
  PrivateName: (w, of) => w.text(`#${of.id.name}`),
  ThisExpression: (w) => w.text("this"),
  Super: (w) => w.text("super"),
  Import: (w) => w.text("import"),
  NullLiteral: (w) => w.text("null"),
  BooleanLiteral: (w, of) => w.text(of.value ? "true" : "false"),
  NumericLiteral: (w, of) => literal(w, of) || w.text(String(of.value)),
  StringLiteral: (w, of) => literal(w, of) || w.text(JSON.stringify(of.value)),
  BigIntLiteral: (w, of) => literal(w, of) || w.text(`${of.value}n`),
  RegExpLiteral: (w, of) => w.text(`/${of.pattern}/${of.flags}`),
  TemplateElement: (w, of) => w.raw(of.value.raw),
  TemplateLiteral(w, of) {
    w.text("`");
    of.quasis.forEach((one, i) => {
      node(w, one);
      const value = of.expressions[i];
      if (value === undefined) return;
      w.text("${");
      expression(w, value, SEQUENCE);
      w.text("}");
    });
    w.text("`");
  },
  TaggedTemplateExpression(w, of) {
    wrapped(w, of.tag, LEFT_HAND_SIDE, isChain(of.tag));
    node(w, of.quasi);
  },
  ArrayExpression: (w, of) => elements(w, of.elements),
  ArrayPattern: (w, of) => elements(w, of.elements),
  ObjectExpression: properties,
  ObjectPattern: properties,
  ObjectProperty(w, of) {
    const { value } = of;
    if (!of.computed && of.key.type === "Identifier") {
      const bound = value.type === "AssignmentPattern" ? value.left : value;
      const same = bound.type === "Identifier" && bound.name === of.key.name;
      // `__proto__: x` sets the prototype, `__proto__` does not (ECMA-262 Annex B.3.1).
      if (same && (of.shorthand || bound.name !== "__proto__")) return node(w, value);
    }
    key(w, of);
    w.text(": ");
    expression(w, value, ASSIGNMENT);
  },
  ObjectMethod: method,
  SpreadElement(w, of) {
    w.text("...");
    expression(w, of.argument, ASSIGNMENT);
  },
  RestElement(w, of) {
    w.text("...");
    node(w, of.argument);
  },
  AssignmentPattern(w, of) {
    node(w, of.left);
    w.text(" = ");
    expression(w, of.right, ASSIGNMENT);
  },
  FunctionExpression: functionHead,
  ArrowFunctionExpression(w, of) {
    if (of.async) w.text("async ");
    const [only] = of.params;
    if (of.params.length === 1 && only!.type === "Identifier") node(w, only!);
    else parameters(w, of.params);
    w.text(" => ");
    if (of.body.type === "BlockStatement") return node(w, of.body);
    wrapped(w, of.body, ASSIGNMENT, misreadAsBody(of.body));
  },
  SequenceExpression: (w, of) => commas(w, of.expressions, ASSIGNMENT),
  ParenthesizedExpression(w, of) {
    w.text("(");
    expression(w, of.expression, SEQUENCE);
    w.text(")");
  },
  AssignmentExpression(w, of) {
    expression(w, of.left, LEFT_HAND_SIDE);
    w.text(` ${of.operator} `);
    expression(w, of.right, ASSIGNMENT);
  },
  ConditionalExpression(w, of) {
    expression(w, of.test, COALESCE);
    w.text(" ? ");
    expression(w, of.consequent, ASSIGNMENT);
    w.text(" : ");
    expression(w, of.alternate, ASSIGNMENT);
  },
  BinaryExpression: binary,
  LogicalExpression: binary,
  UnaryExpression(w, of) {
    const { operator, argument } = of;
    w.text(operator);
    // `- -x` is not `--x`.
    const again =
      (argument.type === "UnaryExpression" || (argument.type === "UpdateExpression" && argument.prefix)) &&
      argument.operator[0] === operator;
    const negative = operator === "-" && argument.type === "NumericLiteral" && argument.value < 0;
    if (operator.length > 1 || again || negative) w.text(" ");
    expression(w, argument, UNARY);
  },
  UpdateExpression(w, of) {
    if (of.prefix) w.text(of.operator);
    expression(w, of.argument, LEFT_HAND_SIDE);
    if (!of.prefix) w.text(of.operator);
  },
  AwaitExpression(w, of) {
    w.text("await ");
    expression(w, of.argument, UNARY);
  },
  YieldExpression(w, of) {
    w.text(of.delegate ? "yield*" : "yield");
    if (!of.argument) return;
    w.text(" ");
    expression(w, of.argument, ASSIGNMENT);
  },
  MemberExpression: (w, of) => member(w, of, false),
  OptionalMemberExpression: (w, of) => member(w, of, of.optional),
  CallExpression: (w, of) => call(w, of, false),
  OptionalCallExpression: (w, of) => call(w, of, of.optional),
  NewExpression(w, of) {
    w.text("new ");
    wrapped(w, of.callee, MEMBER, hasCall(of.callee));
    w.text("(");
    commas(w, of.arguments, ASSIGNMENT);
    w.text(")");
  },
  ImportExpression(w, of) {
    w.text(of.phase ? `import.${of.phase}(` : "import(");
    expression(w, of.source, ASSIGNMENT);
    if (of.options) {
      w.text(", ");
      expression(w, of.options, ASSIGNMENT);
    }
    w.text(")");
  },
  MetaProperty(w, of) {
    node(w, of.meta);
    w.text(".");
    node(w, of.property);
  },
};
