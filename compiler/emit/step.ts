/**
 * Pass 7, second half: lowered statements to a step function with structured re-entry (docs/abi.md §1).
 *
 * | lowered | emitted |
 * |---|---|
 * | a list with suspend points | `switch ($ip) { case 0: … case 1: … case 2: case 3: … }`, `default:` for three labels and more |
 * | a list with one suspend point | `if ($ip) { $ip = 0; if ($e) throw $v; } else { …; if (($v = $await($t, e)) === $park) return $suspend(…); } …` |
 * | a list with one statement that has all of them | `if (!$ip) { … } statement …` |
 * | suspend 1 | `if (($v = $await($t, e)) === $park) return $suspend($t, 1, { … }); case 1: if ($ip && ($ip = 0, $e)) throw $v;` |
 * | start 1 | `return $suspend($t, 1, { … }); case 1: $ip = 0;` |
 * | yield 1, in a sync generator | `$v = e; $suspend($t, 1, { … }); return $v; case 1: $ip = 0; if ($e === 1) throw $v;` |
 * | pass 1 (of `yield*`) | the same without the throw, with `return $pass($t, $v)` |
 * | yield 1, pass 1, in an async one | the same with `return $yield($t, $v)`, `return $yielded($t, $v)` |
 * | if, points 2–3 in its first branch | `if ($ip \|\| test)`; in both branches: `if (!$ip ? test : $ip <= 3)` |
 * | loop | `for (; $ip \|\| test; update)` |
 */
import * as t from "@babel/types";
import { walk } from "../children.ts";
import {
  assertNever,
  type Lowered,
  type Stmt,
  type SuspendKind,
  type SuspendPoint,
  type Variable,
} from "../ir.ts";
import { type Layout, slotName } from "../layout.ts";
import { inline } from "../print/index.ts";
import type { Emitter } from "./emitter.ts";
import type { Rewriter } from "./rewrite.ts";
import { slotProperty } from "./slots.ts";

interface Range {
  readonly low: number;
  readonly high: number;
}

const ip = () => t.identifier("$ip");
/** Not 0: on the way to a suspend point. */
const resuming = ip;
const starting = () => t.unaryExpression("!", ip());

export class StepEmitter {
  readonly #module: Emitter;
  readonly #rewriter: Rewriter;
  readonly #layout: Layout;

  constructor(module: Emitter, rewriter: Rewriter, layout: Layout) {
    this.#module = module;
    this.#rewriter = rewriter;
    this.#layout = layout;
  }

  /** Locals for arguments, beside those of the lowering. */
  readonly temps: string[] = [];

  #argument(): t.Identifier {
    const name = `$arg${this.temps.length + 1}`;
    this.temps.push(name);
    return t.identifier(name);
  }

  /** Labels that a jump names. */
  readonly #labels = new Set<string>();

  /** @param started a generator whose frame at the start is made by its caller: there is nothing before that point */
  body(lowered: Lowered, started: boolean): t.Statement[] {
    this.#collectLabels(lowered.body);
    if (!started) return this.#list(lowered.body);
    const start = lowered.body.findIndex((one) => one.kind === "suspend");
    return this.#list(lowered.body.slice(start));
  }

  #labeled(label: string, node: t.Statement): t.Statement {
    return this.#labels.has(label) ? t.labeledStatement(t.identifier(label), node) : node;
  }

  #collectLabels(list: readonly Stmt[]): void {
    const look = (node: t.Node) => {
      if ((node.type === "BreakStatement" || node.type === "ContinueStatement") && node.label)
        this.#labels.add(node.label.name);
    };
    for (const one of list) {
      if (one.kind === "js") walk(one.node, look);
      else if (one.kind === "if") {
        this.#collectLabels(one.yes);
        this.#collectLabels(one.no);
      } else if (one.kind === "switch") for (const { body } of one.cases) this.#collectLabels(body);
      else if (one.kind === "loop" || one.kind === "labeled") this.#collectLabels(one.body);
      else if (one.kind === "try") {
        this.#collectLabels(one.body);
        if (one.handler.kind === "written") walk(one.handler.clause, look);
        else for (const node of one.handler.body) walk(node, look);
      }
    }
  }

  #list(list: readonly Stmt[]): t.Statement[] {
    const range = rangeOf(list);
    if (range === null) return list.flatMap((one) => this.#plain(one));
    const ranged = list.filter((one) => rangeOf([one]) !== null);
    if (ranged.length === 1) return this.#around(list, ranged[0]!, range);
    const cases: { labels: number[]; body: t.Statement[] }[] = [{ labels: [0], body: [] }];
    for (const stmt of list) {
      const current = cases.at(-1)!;
      if (stmt.kind === "suspend" && stmt.how === "start" && list[0] === stmt) {
        cases[0] = { labels: [stmt.point.ip], body: this.#arrive(stmt.how) };
        continue;
      }
      if (stmt.kind === "suspend") {
        current.body.push(...this.#suspend(stmt));
        cases.push({ labels: [stmt.point.ip], body: this.#arrive(stmt.how) });
        continue;
      }
      const inner = rangeOf([stmt]);
      if (inner === null) current.body.push(...this.#plain(stmt));
      else {
        const labels = Array.from({ length: inner.high - inner.low + 1 }, (_, i) => inner.low + i);
        if (current.body.length === 0) current.labels.push(...labels);
        else cases.push({ labels, body: [] });
        cases.at(-1)!.body.push(...this.#construct(stmt, inner));
      }
    }
    if (cases.length === 1) return cases[0]!.body;
    // Nobody comes here with another `$ip`, so the case with most labels is the default.
    const widest = cases.reduce((a, b) => (b.labels.length > Math.max(a.labels.length, 2) ? b : a));
    return [
      t.switchStatement(
        ip(),
        cases.flatMap(({ labels, body }) => {
          if (cases.length > 1 && labels === widest.labels && labels.length > 2)
            return [t.switchCase(null, body)];
          return labels.map((label, i) =>
            t.switchCase(t.numericLiteral(label), i === labels.length - 1 ? body : []),
          );
        }),
      ),
    ];
  }

  /** A list with one suspend point, or one statement that contains all of them: what stands before it is left out on the way. */
  #around(list: readonly Stmt[], only: Stmt, range: Range): t.Statement[] {
    const at = list.indexOf(only);
    const before = list.slice(0, at).flatMap((one) => this.#plain(one));
    const behind = () => list.slice(at + 1).flatMap((one) => this.#plain(one));
    if (only.kind !== "suspend") {
      const skipped = before.length === 0 ? [] : [t.ifStatement(starting(), block(before))];
      return [...skipped, ...this.#construct(only, range), ...behind()];
    }
    const suspends = [...before, ...this.#suspend(only)];
    const arrive = inline(t.blockStatement(this.#arrive(only.how, true)));
    const first = suspends.length === 1 ? suspends[0]! : block(suspends);
    return [t.ifStatement(ip(), arrive, first), ...behind()];
  }

  /**
   * Behind the label of a suspend point: `$v` is what was sent, or thrown.
   * @param known it is only come to when resuming
   */
  #arrive(how: SuspendKind, known = false): t.Statement[] {
    const reset = t.expressionStatement(t.assignmentExpression("=", ip(), t.numericLiteral(0)));
    const rethrow = t.throwStatement(t.identifier("$v"));
    switch (how) {
      case "await": {
        if (known) return [reset, t.ifStatement(t.identifier("$e"), rethrow)];
        const failed = t.sequenceExpression([reset.expression, t.identifier("$e")]);
        return [t.ifStatement(t.logicalExpression("&&", resuming(), failed), rethrow)];
      }
      case "yield":
        return [
          reset,
          t.ifStatement(t.binaryExpression("===", t.identifier("$e"), t.numericLiteral(1)), rethrow),
        ];
      default:
        return [reset];
    }
  }

  #suspend({ how, point, argument }: Extract<Stmt, { kind: "suspend" }>): t.Statement[] {
    const task = t.identifier("$t");
    const v = t.identifier("$v");
    const { fn } = this.#rewriter;
    const keeps = fn.isGenerator && !fn.isAsync;
    const save = this.#save(point, keeps);
    if (how === "start") return [t.returnStatement(save)];
    const given = this.#rewriter.expression(argument);
    if (how === "await") {
      const value = this.#module.handTop(given, argument, () => this.#argument());
      const awaited = t.assignmentExpression("=", v, this.#module.call("$await", task, value));
      awaited.loc = point.node.loc ?? null;
      const test = t.binaryExpression("===", awaited, this.#module.helper("$park"));
      const statement = t.ifStatement(test, t.returnStatement(save));
      statement.loc = point.node.loc ?? null;
      return [statement];
    }
    const yielded = t.expressionStatement(t.assignmentExpression("=", v, given));
    yielded.loc = point.node.loc ?? null;
    const leave = how === "yield" ? (keeps ? null : "$yield") : keeps ? "$pass" : "$yielded";
    const value = leave === null ? v : this.#module.call(leave, task, v);
    return [
      yielded,
      ...(keeps ? this.#keep(point) : [t.expressionStatement(save)]),
      t.returnStatement(value),
    ];
  }

  /**
   * A sync generator has one frame for its life, made at the start with all slots; a yield updates it, and clears what is dead. (A new one
   * each time is stored from an old object into a young one, and costs 6 ns.)
   */
  #keep(point: SuspendPoint): t.Statement[] {
    const live = new Set(this.#layout.slotsAt[point.ip]!);
    const set = (object: string, field: string, value: t.Expression) =>
      t.expressionStatement(
        t.assignmentExpression("=", t.memberExpression(t.identifier(object), t.identifier(field)), value),
      );
    return [
      ...this.#layout.slots.map((one) =>
        set("$f", slotName(one), t.identifier(live.has(one) ? slotName(one) : "undefined")),
      ),
      set("$t", "ip", t.numericLiteral(point.ip)),
    ];
  }

  /** Puts what is live into the frame. */
  #save(point: SuspendPoint, all: boolean): t.Expression {
    const live = this.#layout.slotsAt[point.ip]!;
    const slots = all ? this.#layout.slots : live;
    const args: t.Expression[] = [t.identifier("$t"), t.numericLiteral(point.ip)];
    const property = (one: Variable) =>
      slotProperty(slotName(one), live.includes(one) ? undefined : t.identifier("undefined"));
    if (slots.length > 0) args.push(t.objectExpression(slots.map(property)));
    return this.#module.call("$suspend", ...args);
  }

  /** A statement without suspend points. */
  #plain(stmt: Stmt): t.Statement[] {
    if (stmt.kind === "js") return this.#rewriter.statement(stmt.node);
    if (stmt.kind === "enter") return this.#module.prologueOf(stmt.scope, this.#rewriter);
    return this.#construct(stmt, null);
  }

  #construct(stmt: Stmt, range: Range | null): t.Statement[] {
    const rw = this.#rewriter;
    switch (stmt.kind) {
      case "if": {
        const yes = rangeOf(stmt.yes);
        const no = rangeOf(stmt.no);
        const written = rw.expression(stmt.test);
        let test = written;
        if (yes !== null && no !== null)
          test = t.conditionalExpression(
            starting(),
            written,
            t.binaryExpression("<=", ip(), t.numericLiteral(yes.high)),
          );
        else if (yes !== null) test = t.logicalExpression("||", resuming(), written);
        else if (no !== null) test = t.logicalExpression("&&", starting(), written);
        const consequent = block(this.#list(stmt.yes));
        if (stmt.no.length === 0) return [t.ifStatement(test, consequent)];
        if (stmt.yes.length === 0 && yes === null && no !== null) {
          const inverse = t.logicalExpression("||", resuming(), t.unaryExpression("!", written));
          return [t.ifStatement(inverse, block(this.#list(stmt.no)))];
        }
        return [t.ifStatement(test, consequent, block(this.#list(stmt.no)))];
      }
      case "labeled":
        return [this.#labeled(stmt.label, block(this.#list(stmt.body)))];
      case "loop": {
        const body = block(this.#list(stmt.body));
        let test = stmt.test === null ? null : rw.expression(stmt.test);
        if (stmt.testLast)
          return [this.#labeled(stmt.label, t.doWhileStatement(test ?? t.booleanLiteral(true), body))];
        if (range !== null && test !== null) test = t.logicalExpression("||", resuming(), test);
        let update = stmt.update === null ? null : rw.expression(stmt.update);
        if (stmt.copies !== null) {
          const holder = rw.holder(stmt.copies);
          const copy = t.assignmentExpression(
            "=",
            holder,
            this.#module.call("$copy", rw.holder(stmt.copies)),
          );
          update = update === null ? copy : t.sequenceExpression([copy, update]);
        }
        const loop =
          update === null && test !== null
            ? t.whileStatement(test, body)
            : t.forStatement(null, test, update, body);
        return [this.#labeled(stmt.label, loop)];
      }
      case "switch": {
        const written = rw.expression(stmt.discriminant);
        const bodies = stmt.cases.map((one) => this.#list(one.body));
        let discriminant = written;
        if (range !== null) {
          let entry: t.Expression | null = null;
          for (let i = stmt.cases.length - 1; i >= 0; i--) {
            const inner = rangeOf(stmt.cases[i]!.body);
            if (inner === null) continue;
            const value =
              stmt.cases[i]!.test === null ? this.#module.helper("$park") : t.cloneNode(stmt.cases[i]!.test!);
            entry =
              entry === null
                ? value
                : t.conditionalExpression(
                    t.binaryExpression("<=", ip(), t.numericLiteral(inner.high)),
                    value,
                    entry,
                  );
          }
          discriminant = t.conditionalExpression(starting(), written, entry!);
        }
        const cases = stmt.cases.map((one, i) =>
          t.switchCase(one.test === null ? null : t.cloneNode(one.test), bodies[i]!),
        );
        return [this.#labeled(stmt.label, t.switchStatement(discriminant, cases))];
      }
      case "try": {
        const body = block(this.#list(stmt.body));
        const { handler } = stmt;
        let clause: t.CatchClause;
        if (handler.kind === "written") clause = rw.clause(handler.clause);
        else {
          const caught: t.Statement[] = [];
          // What only the handler uses is the parameter itself.
          if (handler.local) handler.param.out = "$x";
          else {
            const place = rw.place(handler.param) as t.LVal;
            caught.push(t.expressionStatement(t.assignmentExpression("=", place, t.identifier("$x"))));
          }
          caught.push(...rw.list(handler.body));
          clause = t.catchClause(t.identifier("$x"), inline(t.blockStatement(caught)));
        }
        const statement = t.tryStatement(body, clause);
        return [stmt.label === null ? statement : this.#labeled(stmt.label, statement)];
      }
      case "js":
      case "enter":
      case "suspend":
        throw new Error(`not a construct: ${stmt.kind}`);
      default:
        return assertNever(stmt);
    }
  }
}

const block = (list: t.Statement[]): t.BlockStatement =>
  list.length === 1 && t.isBlockStatement(list[0]) ? list[0] : t.blockStatement(list);

/** First and last suspend point in a list, nested ones included. */
function rangeOf(list: readonly Stmt[]): Range | null {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  const visit = (stmts: readonly Stmt[]): void => {
    for (const stmt of stmts) {
      if (stmt.kind === "suspend") {
        low = Math.min(low, stmt.point.ip);
        high = Math.max(high, stmt.point.ip);
      } else if (stmt.kind === "if") {
        visit(stmt.yes);
        visit(stmt.no);
      } else if (stmt.kind === "loop" || stmt.kind === "labeled" || stmt.kind === "try") visit(stmt.body);
      else if (stmt.kind === "switch") for (const one of stmt.cases) visit(one.body);
    }
  };
  visit(list);
  return high === 0 ? null : { low, high };
}
