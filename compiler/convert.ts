/**
 * Pass 3, convert: closure conversion. Captured variables move into one record per scope; every function learns which
 * records it takes. What is not captured stays a JavaScript local.
 */
import * as t from "@babel/types";
import { walk } from "./children.ts";
import type { Diagnostics } from "./diagnostics.ts";
import type { Fn, Record, Scope, Variable } from "./ir.ts";
import { mappedVariables } from "./mapped-arguments.ts";
import { boundIdentifiers, Names } from "./names.ts";
import { helperNames, reserved } from "./reserved-names.ts";
import type { Resolved } from "./resolve.ts";

export { unique } from "./names.ts";

export interface Converted {
  readonly records: readonly Record[];
  /** What locals may not be called: the names of records in the functions that use them, those of the compiler, and `let let` is none. */
  readonly taken: ReadonlySet<string>;
  /** The records that a function takes from around it, outermost first, with what it uses of each. */
  readonly takes: ReadonlyMap<Fn, readonly Take[]>;
}

export interface Take {
  readonly record: Record;
  readonly variables: readonly Variable[];
}

export function convert(resolved: Resolved, steps: ReadonlySet<t.Node>, diagnostics: Diagnostics): Converted {
  const records: Record[] = [];
  const takes = new Map<Fn, Take[]>();
  for (const fn of resolved.all) {
    if (fn.parent !== null && isNative(fn.parent)) fn.isStep = true;
    if (!steps.has(fn.node)) continue;
    fn.isStep = true;
    const assigned = assignedIn(fn.node, resolved);
    for (const variable of fn.captures) {
      const { name, kind } = variable;
      const advice =
        kind === "implicit" || kind === "temp"
          ? "; pass what it needs of it as an argument."
          : assigned.has(variable)
            ? ", of which it has a copy; return what that function needs to know, and assign it there."
            : isFunction(variable, fn, resolved, steps)
              ? ", and there is no copy of a function; move it to the top of the module, or write it in the step."
              : null;
      if (advice !== null)
        diagnostics.error("CF1005", fn.node, `"${name}" belongs to the function around the step${advice}`);
    }
  }
  for (const fn of resolved.all) {
    for (const variable of fn.captures) if (!isNative(variable.scope.fn)) recordOf(variable, records);
    const mapped = isNative(fn) ? [] : mappedVariables(fn, resolved);
    fn.mapped = mapped.length > 0;
    for (const variable of mapped) {
      variable.captured = true;
      recordOf(variable, records);
    }
  }
  records.sort(
    (a, b) => (a.scope.node.start ?? 0) - (b.scope.node.start ?? 0) || depth(a.scope) - depth(b.scope),
  );
  nameRecords(records, resolved.names);
  const order = new Map(records.map((record, i) => [record, i]));
  for (const fn of resolved.all) takes.set(fn, takesOf(fn, order));
  const holders = records.map((one) => one.holder.out!);
  return { records, takes, taken: new Set([...reserved, ...helperNames, ...holders, "let"]) };
}

/** Whether it holds a function or class that is made there. A step that uses nothing of what is around it has a name. */
function isFunction(
  { init, reassigned }: Variable,
  reader: Fn,
  { fns }: Resolved,
  steps: ReadonlySet<t.Node>,
) {
  if (reassigned || init === null || init === reader.node) return false;
  if (!t.isFunction(init) && !t.isClass(init)) return false;
  return !steps.has(init) || fns.get(init)!.captures.size > 0;
}

/** The variables that something in `node` assigns. */
function assignedIn(node: t.Node, resolved: Resolved): ReadonlySet<Variable> {
  const found = new Set<Variable>();
  walk(node, (one) => {
    const target = t.isAssignmentExpression(one) || t.isForXStatement(one) ? one.left : null;
    const assigned = t.isUpdateExpression(one) ? one.argument : target;
    if (assigned === null || t.isVariableDeclaration(assigned)) return;
    for (const id of boundIdentifiers(assigned)) {
      const variable = resolved.refs.get(id);
      if (variable !== undefined) found.add(variable);
    }
  });
  return found;
}

/** Whether the function is a step or stands in one: such code stays as written. */
function isNative(fn: Fn): boolean {
  for (let one: Fn | null = fn; one !== null; one = one.parent) if (one.isStep) return true;
  return false;
}

function recordOf(variable: Variable, records: Record[]): Record {
  const scope = variable.scope;
  if (scope.record === null) {
    const holder: Variable = {
      name: "$s",
      kind: "temp",
      scope,
      captured: false,
      reassigned: false,
      needsTdz: false,
      initEnd: 0,
      init: null,
      at: null,
      out: null,
      record: null,
    };
    scope.record = {
      scope,
      holder,
      variables: [],
      className: "",
      id: "",
      copied: scope.kind === "for" && t.isForStatement(scope.node),
    };
    holder.record = scope.record;
    records.push(scope.record);
  }
  if (!scope.record.variables.includes(variable)) scope.record.variables.push(variable);
  return scope.record;
}

/**
 * A record is named after its function, or for an inner scope after its first variable: a name that survives edits
 * elsewhere. One name for a record wherever it goes.
 */
function nameRecords(records: readonly Record[], taken: ReadonlySet<string>): void {
  const holders = new Names([...taken, ...reserved, ...helperNames]);
  const ids = new Names([]);
  for (const record of records) {
    const { scope } = record;
    const inner = scope !== scope.fn.scope;
    const label = inner ? record.variables[0]!.name : scope.fn.name || "scope";
    record.holder.out = holders.unique(`$${identifier(label)}`, "$");
    const path = scope.fn.path || "module";
    record.id = ids.unique(inner ? `${path}.{${label}}` : `${path}.{}`, "#");
  }
}

/** The letters of `text` that an identifier may have. */
export function identifier(text: string): string {
  return text.replace(/[^\w$]+/g, "_").replace(/^(\d)/, "_$1");
}

function takesOf(fn: Fn, order: ReadonlyMap<Record, number>): Take[] {
  const captured = new Set<Record>();
  for (const { scope } of fn.captures) if (scope.record !== null) captured.add(scope.record);
  return [...captured]
    .sort((a, b) => depth(a.scope) - depth(b.scope) || order.get(a)! - order.get(b)!)
    .map((record) => ({ record, variables: record.variables.filter((one) => fn.captures.has(one)) }));
}

function depth(scope: Scope): number {
  let n = 0;
  for (let s = scope.parent; s !== null; s = s.parent) n++;
  return n;
}
