/**
 * Functions of workflows as steps: `transaction(async (tx) => …)`. The step is the code of the function, by its name and hash; its
 * arguments are the variables that the function shares with the code around it, copied at the call as all arguments are. What it
 * changes of them the workflow would not see, so that is refused.
 */
import { type Code, TDZ } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";
import { recordOf, registry, type Step, stampOf } from "../machine/index.ts";
import { encodeValue, findClosureCode, markOf } from "../snapshot/index.ts";

const PREFIX = "coldframe#transaction ";

type Variables = Record<string, unknown>;
type Body = (tx: unknown) => unknown;

/** A function as the id of a step, and its arguments: for each scope record its id, and the variables. */
export interface Copied {
  readonly id: string;
  readonly args: unknown[];
}

/** @throws ColdframeError CF2310 when it is no function of a workflow */
export function copyOf(body: Body): Copied {
  const stamp = stampOf(body);
  const code = stamp?.code;
  if (stamp === undefined || code === undefined || code.make === null)
    throw refused(
      `"${body.name}" is not written in a marked function. Make a step of it: const ${body.name || "f"} = transactional(…)`,
    );
  const args = stamp.scopes.flatMap((record, i) => {
    const copied: Variables = {};
    for (const name of code.captures[i] ?? []) {
      const value = (record as Variables)[name];
      if (value !== TDZ) copied[name] = value;
    }
    return [recordOf(record)?.id, copied];
  });
  return { id: `${PREFIX}${JSON.stringify([code.id, code.hash, markOf(code) ?? false])}`, args };
}

/** The step of such an id; undefined when its code is not loaded, or may be another one. */
export function inlineStep(id: string): Step | undefined {
  if (!id.startsWith(PREFIX)) return undefined;
  const [name, hash, mark] = JSON.parse(id.slice(PREFIX.length)) as [string, string, string | boolean];
  let code: Code;
  try {
    code = findClosureCode(name, hash, mark === true ? "~" : mark || undefined);
  } catch {
    return undefined;
  }
  const body = (tx: unknown, ...args: unknown[]) => callOver(code, tx, args);
  return { id, name: "transaction", body: body as never, options: undefined, transactional: true };
}

async function callOver(code: Code, tx: unknown, args: readonly unknown[]): Promise<unknown> {
  const scopes: Variables[] = [];
  for (let i = 0; i < args.length; i += 2) {
    const schema = registry.records.get(args[i] as string);
    const copied = args[i + 1] as Variables;
    const needed = code.captures[i / 2];
    const lacks = needed?.find((name) => !Object.hasOwn(copied, name));
    if (schema === undefined || needed === undefined || (lacks !== undefined && !isDead(schema, lacks)))
      throw new ColdframeError(
        "CF2103",
        `the function ${code.id} (${code.file}:${code.line}) uses other variables than when it was called. Deploy the old build beside this one`,
      );
    scopes.push(Object.assign(new schema.Record(), copied));
  }
  const before = scopes.map((scope, i) => textsOf(scope, code.captures[i]!));
  const result = await (code.make!(...(scopes as never[])) as Body)(tx);
  for (const [i, scope] of scopes.entries()) {
    const after = textsOf(scope, code.captures[i]!);
    for (const [name, text] of before[i]!)
      if (after.get(name) !== text)
        throw refused(
          `the function at ${code.file}:${code.line} changes "${name}", of which it has a copy. Return what the workflow needs to know`,
        );
  }
  return result;
}

/** Not initialised when the function was called. */
function isDead({ Record }: { readonly Record: new () => object }, name: string): boolean {
  const value = (new Record() as Variables)[name];
  return value === TDZ || value === undefined;
}

function textsOf(scope: Variables, names: readonly string[]): ReadonlyMap<string, string> {
  const known = names.filter((name) => scope[name] !== TDZ);
  return new Map(known.map((name) => [name, encodeValue(scope[name])]));
}

function refused(why: string): ColdframeError {
  return new ColdframeError("CF2310", why);
}
