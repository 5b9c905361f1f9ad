/** Statements and declarations. */
import type * as t from "@babel/types";
import { functionHead } from "./functions.ts";
import { isInlineBlock } from "./layout.ts";
import { ASSIGNMENT, misreadAsFor, misreadAsStatement, SEQUENCE } from "./precedence.ts";
import { expression, node, type Printers, statements, wrapped } from "./print-node.ts";
import type { Writer } from "./writer.ts";

/** The statement that an `if`, a loop or a label governs. */
function body(w: Writer, of: t.Statement): void {
  if (of.type === "EmptyStatement") return w.text(";");
  w.text(" ");
  node(w, of);
}

function condition(w: Writer, word: string, test: t.Expression): void {
  w.text(`${word} (`);
  expression(w, test, SEQUENCE);
  w.text(")");
}

/** Would an `else` behind it be taken for its own? */
function endsWithOpenIf(of: t.Statement): boolean {
  switch (of.type) {
    case "IfStatement":
      return of.alternate ? endsWithOpenIf(of.alternate) : true;
    case "ForStatement":
    case "ForInStatement":
    case "ForOfStatement":
    case "WhileStatement":
    case "LabeledStatement":
    case "WithStatement":
      return endsWithOpenIf(of.body);
    default:
      return false;
  }
}

/** Without the semicolon. */
function variables(w: Writer, of: t.VariableDeclaration): void {
  w.text(`${of.kind} `);
  of.declarations.forEach((one, i) => {
    if (i > 0) w.text(", ");
    node(w, one);
  });
}

function jump(w: Writer, word: string, label: t.Identifier | null | undefined): void {
  w.text(word);
  if (label) {
    w.text(" ");
    node(w, label);
  }
  w.text(";");
}

function forEach(w: Writer, of: t.ForInStatement | t.ForOfStatement): void {
  const isOf = of.type === "ForOfStatement";
  w.text(isOf && of.await ? "for await (" : "for (");
  if (of.left.type === "VariableDeclaration") {
    w.noIn = true;
    variables(w, of.left);
    w.noIn = false;
  } else wrapped(w, of.left, ASSIGNMENT, misreadAsFor(of.left));
  w.text(isOf ? " of " : " in ");
  expression(w, of.right, isOf ? ASSIGNMENT : SEQUENCE);
  w.text(")");
  body(w, of.body);
}

export const statementPrinters: Printers = {
  ExpressionStatement(w, of) {
    wrapped(w, of.expression, SEQUENCE, misreadAsStatement(of.expression));
    w.text(";");
  },
  VariableDeclaration(w, of) {
    variables(w, of);
    w.text(";");
  },
  VariableDeclarator(w, of) {
    node(w, of.id);
    if (!of.init) return;
    w.text(" = ");
    expression(w, of.init, ASSIGNMENT);
  },
  FunctionDeclaration: functionHead,
  BlockStatement(w, of) {
    if (of.body.length === 0 && of.directives.length === 0) return w.text("{}");
    if (isInlineBlock(of)) {
      w.text("{ ");
      of.body.forEach((one, i) => {
        if (i > 0) w.text(" ");
        node(w, one);
      });
      return w.text(" }");
    }
    w.text("{");
    statements(w, of.body, of.directives);
    w.markEnd(of);
    w.text("}");
  },
  EmptyStatement: (w) => w.text(";"),
  DebuggerStatement: (w) => w.text("debugger;"),
  IfStatement(w, of) {
    condition(w, "if", of.test);
    const { consequent, alternate } = of;
    if (!alternate) return body(w, consequent);
    if (endsWithOpenIf(consequent)) {
      w.text(" {");
      statements(w, [consequent]);
      w.text("}");
    } else body(w, consequent);
    if (consequent.type === "BlockStatement" || endsWithOpenIf(consequent)) w.text(" ");
    else w.newline();
    w.text("else");
    body(w, alternate);
  },
  ForStatement(w, of) {
    w.text("for (");
    if (of.init) {
      w.noIn = true;
      if (of.init.type === "VariableDeclaration") variables(w, of.init);
      else wrapped(w, of.init, SEQUENCE, misreadAsStatement(of.init));
      w.noIn = false;
    }
    w.text(";");
    if (of.test) {
      w.text(" ");
      expression(w, of.test, SEQUENCE);
    }
    w.text(";");
    if (of.update) {
      w.text(" ");
      expression(w, of.update, SEQUENCE);
    }
    w.text(")");
    body(w, of.body);
  },
  ForInStatement: forEach,
  ForOfStatement: forEach,
  WhileStatement(w, of) {
    condition(w, "while", of.test);
    body(w, of.body);
  },
  DoWhileStatement(w, of) {
    w.text("do");
    body(w, of.body);
    condition(w, " while", of.test);
    w.text(";");
  },
  WithStatement(w, of) {
    condition(w, "with", of.object);
    body(w, of.body);
  },
  LabeledStatement(w, of) {
    node(w, of.label);
    w.text(":");
    body(w, of.body);
  },
  BreakStatement: (w, of) => jump(w, "break", of.label),
  ContinueStatement: (w, of) => jump(w, "continue", of.label),
  ReturnStatement(w, of) {
    w.text("return");
    if (of.argument) {
      w.text(" ");
      expression(w, of.argument, SEQUENCE);
    }
    w.text(";");
  },
  ThrowStatement(w, of) {
    w.text("throw ");
    expression(w, of.argument, SEQUENCE);
    w.text(";");
  },
  SwitchStatement(w, of) {
    condition(w, "switch", of.discriminant);
    w.text(" {");
    let open = false;
    for (const one of of.cases) {
      if (open) w.text(" ");
      else w.newline();
      node(w, one);
      open = one.consequent.length === 0;
    }
    w.newline();
    w.text("}");
  },
  SwitchCase(w, of) {
    if (of.test) {
      w.text("case ");
      expression(w, of.test, SEQUENCE);
      w.text(":");
    } else w.text("default:");
    w.indent();
    for (const one of of.consequent) {
      w.newline();
      node(w, one);
    }
    w.dedent();
  },
  TryStatement(w, of) {
    w.text("try ");
    node(w, of.block);
    if (of.handler) {
      w.text(" ");
      node(w, of.handler);
    }
    if (of.finalizer) {
      w.text(" finally ");
      node(w, of.finalizer);
    }
  },
  CatchClause(w, of) {
    w.text("catch ");
    if (of.param) {
      w.text("(");
      node(w, of.param);
      w.text(") ");
    }
    node(w, of.body);
  },
  Directive(w, of) {
    node(w, of.value);
    w.text(";");
  },
  DirectiveLiteral(w, of) {
    const raw = of.extra?.raw;
    if (typeof raw === "string") w.raw(raw);
    else w.text(of.value.includes('"') ? `'${of.value}'` : `"${of.value}"`);
  },
  InterpreterDirective: (w, of) => w.text(`#!${of.value}`),
  File: (w, of) => node(w, of.program),
  Program(w, of) {
    let first = true;
    const line = (one: t.Node) => {
      if (!first) w.newline();
      first = false;
      node(w, one);
    };
    if (of.interpreter) line(of.interpreter);
    of.directives.forEach(line);
    of.body.forEach(line);
    w.newline();
  },
};
