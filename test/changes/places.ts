/** The statements of a program that edits are made at. */
import { type NodePath, traverse } from "@babel/core";
import { parse } from "@babel/parser";
import * as t from "@babel/types";

export interface Place {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly declares: boolean;
  /** It leaves a loop, switch or label around it. */
  readonly jumps: boolean;
  readonly returns: boolean;
  readonly yields: boolean;
  /** It has a `var`, which is seen outside of it. */
  readonly hoists: boolean;
  /** It may await what is outside: its function is async, and no step. */
  readonly isAsync: boolean;
  /** It is the body of an `if` or a loop without braces. */
  readonly isAlone: boolean;
  readonly next: Place | null;
  /** The block that it runs, if it is an `if`, a loop, a `try` or a block. */
  readonly body: Body | null;
}

export interface Body {
  /** What stands before and behind the block. */
  readonly head: string;
  readonly tail: string;
  /** What stands in it. */
  readonly text: string;
  readonly declares: boolean;
  /** Its first statement and the others; null when that declares something or leaves. */
  readonly first: string | null;
  readonly rest: string;
}

export const parsed = (source: string) =>
  parse(source, {
    sourceType: "module",
    plugins: ["typescript", "decorators", "decoratorAutoAccessors", "explicitResourceManagement"],
  });

const isStep = ({ body }: t.Function): boolean =>
  t.isBlockStatement(body) && body.directives.some(({ value }) => value.value === "use step");

/** A step in a function has copies of what is around it: most of what edits put there it may not do. */
const isInNestedStep = (path: NodePath): boolean => {
  for (let at = path.getFunctionParent(); at !== null; at = at.getFunctionParent())
    if (isStep(at.node) && at.getFunctionParent() !== null) return true;
  return false;
};

/** All statements in functions, but for steps in functions, in the order of the source. */
export function placesOf(source: string): Place[] {
  const places: Place[] = [];
  traverse(parsed(source), {
    "BlockStatement|SwitchCase"(path) {
      const fn = path.scope.getFunctionParent()?.block;
      if (fn === undefined || !t.isFunction(fn) || isInNestedStep(path)) return;
      const node = path.node as t.BlockStatement | t.SwitchCase;
      let next: Place | null = null;
      const found: Place[] = [];
      for (const one of [...(t.isSwitchCase(node) ? node.consequent : node.body)].reverse()) {
        next = placeOf(source, one, mayAwait(fn), next, false);
        found.push(next);
      }
      places.push(...found.reverse());
    },
    Statement(path) {
      const fn = path.scope.getFunctionParent()?.block;
      const isAlone = path.isStatement() && !path.isBlockStatement() && !path.inList;
      if (!isAlone || fn === undefined || !t.isFunction(fn) || path.parentPath!.isLabeledStatement()) return;
      // `for (let …`, and `else if`, which is a chain.
      if (
        isInNestedStep(path) ||
        path.isVariableDeclaration() ||
        (path.key === "alternate" && path.isIfStatement())
      )
        return;
      places.push(placeOf(source, path.node, mayAwait(fn), null, true));
    },
  });
  return places;
}

function placeOf(
  source: string,
  node: t.Statement,
  isAsync: boolean,
  next: Place | null,
  isAlone: boolean,
): Place {
  const has = (...kinds: string[]) => contains(node, (one) => kinds.includes(one.type));
  return {
    text: textOf(source, node),
    start: node.start!,
    end: node.end!,
    line: node.loc!.start.line,
    declares: declares(node),
    jumps: has("BreakStatement", "ContinueStatement"),
    returns: has("ReturnStatement"),
    yields: has("YieldExpression"),
    hoists: contains(node, (one) => t.isVariableDeclaration(one, { kind: "var" })),
    isAsync,
    isAlone,
    next,
    body: bodyOf(source, node),
  };
}

const textOf = (source: string, { start, end }: t.Node) => source.slice(start!, end!);

const declares = (node: t.Statement): boolean =>
  t.isDeclaration(node) || t.isLabeledStatement(node) || t.isDirective(node);

/** Whether such a node stands in it, outside of functions in it. */
function contains(node: t.Node, is: (one: t.Node) => boolean): boolean {
  if (is(node)) return true;
  for (const key of t.VISITOR_KEYS[node.type] ?? []) {
    const child = (node as unknown as Record<string, t.Node | (t.Node | null)[] | null>)[key];
    for (const one of Array.isArray(child) ? child : [child])
      if (one != null && !t.isFunction(one) && contains(one, is)) return true;
  }
  return false;
}

function bodyOf(source: string, node: t.Statement): Body | null {
  const block = blockOf(node);
  if (block === null || block.body.length === 0) return null;
  const [first, ...rest] = block.body;
  const leaves = contains(first!, (one) => t.isCompletionStatement(one) || t.isLabeledStatement(one));
  return {
    head: source.slice(node.start!, block.start!),
    tail: source.slice(block.end!, node.end!),
    text: source.slice(first!.start!, block.end! - 1),
    declares: block.body.some(declares),
    first: declares(first!) || leaves ? null : textOf(source, first!),
    rest: rest.length === 0 ? "" : source.slice(rest[0]!.start!, block.end! - 1),
  };
}

function blockOf(node: t.Statement): t.BlockStatement | null {
  if (t.isBlockStatement(node)) return node;
  if (t.isTryStatement(node)) return node.block;
  const body = t.isIfStatement(node) ? node.consequent : t.isLoop(node) ? node.body : null;
  return t.isBlockStatement(body) ? body : null;
}

const mayAwait = (fn: t.Function): boolean => fn.async === true && !isStep(fn);

type Put = readonly [at: number, text: string];

/** The text with others put in. Of two at one place the first stays the first. */
function withPuts(source: string, puts: readonly Put[]): string {
  return [...puts]
    .reverse()
    .sort(([a], [b]) => b - a)
    .reduce((text, [at, put]) => text.slice(0, at) + put + text.slice(at), source);
}

const startOf = ({ directives, start }: t.BlockStatement): number => directives.at(-1)?.end ?? start! + 1;

/** The program with `$tick()` in each loop and function: an edit may take away what ends them. */
export function withTicks(source: string): string {
  const puts: Put[] = [];
  traverse(parsed(source), {
    Loop({ node: { body } }) {
      if (t.isBlockStatement(body)) puts.push([startOf(body), " $tick();"]);
      else puts.push([body.start!, "{ $tick(); "], [body.end!, " }"]);
    },
    Function({ node: { body } }) {
      if (t.isBlockStatement(body)) puts.push([startOf(body), " $tick();"]);
      else puts.push([body.start!, "($tick(), "], [body.end!, ")"]);
    },
  });
  return withPuts(source, puts);
}

/**
 * The program with steps that begin, as those of a run, when nothing else goes on: `$step` calls them then, with what they were given.
 * Defaults of parameters belong to that; outside they stand once more, for the `length`.
 */
export function withOwnSteps(source: string): string {
  const puts: Put[] = [];
  traverse(parsed(source), {
    Function({ node }) {
      if (!isStep(node)) return;
      const body = node.body as t.BlockStatement;
      const isArrow = t.isArrowFunctionExpression(node);
      const params = node.params.map((param) => textOf(source, param)).join(", ");
      const [given, args] = isArrow || node.params.length === 0 ? ["", "[]"] : [params, "arguments"];
      puts.push([startOf(body), ` return $step(${args}, async (${given}) => {`], [body.end! - 1, "});"]);
    },
  });
  return withPuts(source, puts);
}
