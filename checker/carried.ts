/**
 * `migrate(…)` and `renamed(…)` of the sources: what they carry over is not lost, and what is wrong with them is told before a deploy.
 * Nothing of them is executed. What a migration gives is known from the type of what its function returns.
 */
import { ts } from "ts-morph";
import type { Manifest, ManifestCode } from "../abi/index.ts";
import { ColdframeError } from "../runtime/errors.ts";
import { migrate, renamed } from "../runtime/snapshot/index.ts";
import { type Finding, placeOf } from "./finding.ts";
import { localOf } from "./live.ts";
import type { SourceModule, SourceProgram } from "./program.ts";
import { bare, nameOf, type Roles } from "./roles.ts";
import { kindsOfType, valueOfType } from "./samples.ts";
import { typeText } from "./schemas.ts";

/** A call in the sources, and what it says. */
interface Call {
  readonly module: SourceModule;
  readonly node: ts.CallExpression;
  readonly say: () => void;
}

/** What a migration gives: types by name, and whether it hands on everything else that it got. */
interface Given {
  readonly types: ReadonlyMap<string, ts.Type>;
  readonly others: boolean;
}

/** The parts of a `migrate(…)` that are written out. */
interface Written {
  readonly id: string;
  readonly kind: "frame" | "closure" | "fields";
  readonly from: { readonly at?: string; readonly build?: string | readonly string[] };
  readonly to: { readonly at?: string; readonly build?: string };
  readonly function: ts.Signature;
}

export class Carried {
  readonly #program: SourceProgram;
  readonly #roles: Roles;
  readonly #calls: readonly Call[];
  readonly #migrations: (Written & { readonly call: ts.CallExpression; readonly module: SourceModule })[] =
    [];

  constructor(program: SourceProgram, roles: Roles) {
    this.#program = program;
    this.#roles = roles;
    this.#calls = [...program.modules.values()].flatMap((module) => this.#callsIn(module));
  }

  /** Absolute paths of the modules that have such calls. */
  get paths(): readonly string[] {
    return [...new Set(this.#calls.map(({ module }) => module.source.fileName))];
  }

  /** Registers all of it with the runtime, as loading the modules would. */
  register(): void {
    this.#register(() => {});
  }

  #register(failed: (call: Call, error: ColdframeError) => void): void {
    for (const call of this.#calls) {
      try {
        call.say();
      } catch (error) {
        if (!(error instanceof ColdframeError)) throw error;
        failed(call, error);
      }
    }
  }

  /**
   * What is wrong with the calls: what loading them would refuse, and types that do not fit.
   * @param codes of the build, by id
   * @param before what was released, all versions
   */
  findings(codes: ReadonlyMap<string, ManifestCode>, before: readonly ManifestCode[]): Finding[] {
    const findings: Finding[] = [];
    this.#register(({ module, node }, { code, message }) => {
      findings.push({
        ...{ code, severity: "error", fix: null, advice: "" },
        message: message.slice(code.length + 1),
        places: [placeOf(module, node)],
      });
    });
    for (const one of this.#migrations) findings.push(...this.#mistyped(one, codes, before));
    return findings;
  }

  #callsIn(module: SourceModule): Call[] {
    const { source } = module;
    if (!/\b(migrate|renamed)\b/.test(source.text)) return [];
    const found: Call[] = [];
    const visit = (node: ts.Node): void => {
      const say = ts.isCallExpression(node) ? this.#sayOf(node, module) : null;
      if (say !== null) found.push({ module, node: node as ts.CallExpression, say });
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  }

  #sayOf(node: ts.CallExpression, module: SourceModule): (() => void) | null {
    const target = this.#roles.target(node);
    if (target === null || !this.#roles.isColdframe(target)) return null;
    const [first, second] = node.arguments;
    if (nameOf(target) === "renamed") {
      const [from, to] = [textOf(first), textOf(second)];
      return from === null || to === null ? null : () => renamed(from, to);
    }
    if (nameOf(target) !== "migrate") return null;
    const written = this.#writtenIn(first, second);
    if (written === null) return null;
    this.#migrations.push({ ...written, call: node, module });
    const { id, kind, from, to } = written;
    const given = this.#givenBy(written.function);
    if (this.#isOpen(second!))
      return () =>
        migrate(id, {
          ...{ from, to },
          [kind]: () => {
            throw new Error("it is still to be completed");
          },
        } as never);
    const map = (old: object) => ({ ...(given.others ? old : {}), ...this.#values(given) });
    return () => migrate(id, { from, to, [kind]: map } as never);
  }

  #writtenIn(target: ts.Expression | undefined, change: ts.Expression | undefined): Written | null {
    const id = target === undefined ? null : (textOf(target) ?? this.#idOf(bare(target)));
    const object = change === undefined ? null : bare(change);
    if (id === null || object === null || !ts.isObjectLiteralExpression(object)) return null;
    const [from, to] = [placeIn(object, "from"), placeIn(object, "to")];
    const { types } = this.#program;
    for (const kind of ["frame", "closure", "fields"] as const) {
      const member = memberOf(object, kind);
      const symbol = member?.name && types.getSymbolAtLocation(member.name);
      const [signature] = symbol ? types.getTypeOfSymbolAtLocation(symbol, object).getCallSignatures() : [];
      if (signature !== undefined && from !== null && to !== null)
        return { id, kind, from, to, function: signature };
    }
    return null;
  }

  /** Some value in it is given by a call that never returns, as `--fix` writes it. */
  #isOpen(node: ts.Node): boolean {
    const { types } = this.#program;
    if (ts.isPropertyAssignment(node) && ts.isCallExpression(node.initializer)) {
      const type = types.getResolvedSignature(node.initializer)?.getReturnType();
      if (type !== undefined && type.flags & ts.TypeFlags.Never) return true;
    }
    return ts.forEachChild(node, (one) => this.#isOpen(one) || undefined) ?? false;
  }

  /** `module#name` of a function or class at the top of a marked module. */
  #idOf(target: ts.Expression): string | null {
    const { types, modules } = this.#program;
    let symbol = types.getSymbolAtLocation(target);
    if (symbol !== undefined && symbol.flags & ts.SymbolFlags.Alias) symbol = types.getAliasedSymbol(symbol);
    const declaration = symbol?.valueDeclaration;
    const manifest = declaration && modules.get(declaration.getSourceFile().fileName)?.manifest;
    return manifest == null ? null : `${manifest.module}#${nameOf(declaration!) || symbol!.name}`;
  }

  #givenBy(signature: ts.Signature): Given {
    const { types } = this.#program;
    const type = signature.getReturnType();
    const found = new Map<string, ts.Type>();
    const at = signature.getDeclaration();
    for (const property of types.getPropertiesOfType(type))
      found.set(property.name, types.getTypeOfSymbolAtLocation(property, at));
    const isAny = (type.flags & ts.TypeFlags.Any) !== 0;
    const returned = this.#returnedBy(at);
    // `{ ...old, total: 1 }` is any where `old` is.
    if (isAny) for (const [name, one] of this.#writtenOut(returned)) found.set(name, one);
    const others = type.getStringIndexType() !== undefined || isAny;
    return { types: found, others: others || this.#handsOn(at, returned) };
  }

  /** Properties that every object literal among the expressions has, and their types; none when one is no literal. */
  #writtenOut(returned: readonly (ts.Expression | undefined)[]): Map<string, ts.Type> {
    const lists = returned.map((one) => {
      const given = one === undefined ? undefined : bare(one);
      const list = given !== undefined && ts.isObjectLiteralExpression(given) ? given.properties : [];
      return new Map(
        [...list].flatMap((property) => {
          const symbol = property.name && this.#program.types.getSymbolAtLocation(property.name);
          return symbol
            ? [[symbol.name, this.#program.types.getTypeOfSymbolAtLocation(symbol, property)] as const]
            : [];
        }),
      );
    });
    const [first = new Map<string, ts.Type>(), ...others] = lists;
    return new Map([...first].filter(([name]) => others.every((other) => other.has(name))));
  }

  /** It returns `{ ...old, … }` and nothing else: also what the type of `old` does not tell of. */
  #handsOn(declaration: ts.Node | undefined, returned: readonly (ts.Expression | undefined)[]): boolean {
    if (declaration === undefined || !ts.isFunctionLike(declaration)) return false;
    const { types } = this.#program;
    const [old] = declaration.parameters;
    const symbol = old && types.getSymbolAtLocation(old.name);
    const spreads = (node: ts.Expression | undefined): boolean => {
      const given = node === undefined ? undefined : bare(node);
      return (
        given !== undefined &&
        ts.isObjectLiteralExpression(given) &&
        given.properties.some(
          (one) => ts.isSpreadAssignment(one) && types.getSymbolAtLocation(bare(one.expression)) === symbol,
        )
      );
    };
    return symbol !== undefined && returned.length > 0 && returned.every(spreads);
  }

  /** What a function returns: the expression that it is, or those of its `return`s. */
  #returnedBy(declaration: ts.Node | undefined): (ts.Expression | undefined)[] {
    const body = (declaration as ts.FunctionLikeDeclaration | undefined)?.body;
    if (body === undefined) return [];
    if (!ts.isBlock(body)) return [body];
    const returned: (ts.Expression | undefined)[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isReturnStatement(node)) returned.push(node.expression);
      if (!ts.isFunctionLike(node)) ts.forEachChild(node, visit);
    };
    visit(body);
    return returned;
  }

  #values({ types }: Given): Readonly<Record<string, unknown>> {
    return Object.fromEntries(
      [...types].map(([name, type]) => [name, valueOfType(typeText(type, this.#program.types))]),
    );
  }

  /** CF3307 */
  #mistyped(
    one: Written & { readonly call: ts.CallExpression; readonly module: SourceModule },
    codes: ReadonlyMap<string, ManifestCode>,
    before: readonly ManifestCode[],
  ): Finding[] {
    const { id, kind, to, from, module, call } = one;
    const { types } = this.#program;
    const say = (message: string, advice: string, place: ts.Node | undefined): Finding => ({
      ...{ code: "CF3307", severity: "error", message, advice, fix: null },
      places: [placeOf(module, place ?? call)],
    });
    const found: Finding[] = [];
    const builds = from.build === undefined ? null : [from.build].flat();
    const old = before.filter((code) => code.id === id && (builds === null || builds.includes(code.hash)));
    const [parameter] = one.function.getParameters();
    const taken = parameter && types.getTypeOfSymbolAtLocation(parameter, call);
    for (const property of taken === undefined ? [] : types.getPropertiesOfType(taken)) {
      const says = typeText(types.getTypeOfSymbolAtLocation(property, call), types);
      for (const code of old) {
        const was = code.types?.[property.name];
        const [expected, held] = [kindsOfType(says), kindsOfType(was ?? "")];
        if (expected === null || held === null || held.every((kind) => expected.includes(kind))) continue;
        found.push(
          say(
            `a migration does not fit the types: that of ${id} takes "${property.name}" for ${says}, and it was saved as ${was}`,
            `Give the parameter the type that the value has in runs of ${code.hash}.`,
            property.valueDeclaration,
          ),
        );
      }
    }
    const code = codes.get(id);
    if (code === undefined || kind !== "frame" || to.build !== undefined) return found;
    const owner = this.#moduleOf(code);
    if (owner === undefined) return found;
    for (const [name, type] of this.#givenBy(one.function).types) {
      const local = localOf(name, code, owner.source);
      if (local === null || type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) continue;
      const needed = types.getBaseTypeOfLiteralType(types.getTypeAtLocation(local));
      if (types.isTypeAssignableTo(type, needed)) continue;
      found.push(
        say(
          `a migration does not fit the types: that of ${id} gives "${name}" as ${typeText(type, types)}, and the function has ${typeText(needed, types)} there`,
          `Return a value of that type.`,
          memberOf(bare(call.arguments[1]!) as ts.ObjectLiteralExpression, "frame"),
        ),
      );
    }
    return found;
  }

  #moduleOf({ id }: ManifestCode): (SourceModule & { readonly manifest: Manifest | null }) | undefined {
    const module = id.slice(0, id.indexOf("#"));
    return [...this.#program.modules.values()].find(({ manifest }) => manifest?.module === module);
  }
}

function textOf(node: ts.Expression | undefined): string | null {
  const value = node === undefined ? null : bare(node);
  return value !== null && ts.isStringLiteralLike(value) ? value.text : null;
}

function memberOf(object: ts.ObjectLiteralExpression, name: string): ts.ObjectLiteralElementLike | undefined {
  return object.properties.find((one) => one.name !== undefined && one.name.getText() === name);
}

/** `{ at: "…", build: "…" }`; null when it is not written out. */
function placeIn(
  object: ts.ObjectLiteralExpression,
  name: string,
): { at?: string; build?: string & string[] } | null {
  const member = memberOf(object, name);
  if (member === undefined) return {};
  const value = ts.isPropertyAssignment(member) ? bare(member.initializer) : null;
  if (value === null || !ts.isObjectLiteralExpression(value)) return null;
  const found: Record<string, unknown> = {};
  for (const one of value.properties) {
    if (!ts.isPropertyAssignment(one)) return null;
    const given = bare(one.initializer);
    const text = ts.isArrayLiteralExpression(given) ? given.elements.map(textOf) : textOf(given);
    if (text === null || (Array.isArray(text) && text.includes(null))) return null;
    found[one.name.getText()] = text;
  }
  return found;
}
