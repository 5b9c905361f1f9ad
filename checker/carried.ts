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
import { Savable } from "./savable.ts";
import { typeText } from "./schemas.ts";
import { memberOf, turnsOf, WrittenOut } from "./written-out.ts";

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

/** One that is to be looked at. */
interface Looked extends Written {
  readonly call: ts.CallExpression;
  readonly module: SourceModule;
}

export class Carried {
  readonly #program: SourceProgram;
  readonly #roles: Roles;
  readonly #savable: Savable;
  readonly #calls: readonly Call[];
  /** Calls that are there, and cannot be read. */
  readonly #unread: Pick<Call, "module" | "node">[] = [];
  readonly #migrations: Looked[] = [];

  constructor(program: SourceProgram, roles: Roles) {
    this.#program = program;
    this.#savable = new Savable(program);
    this.#roles = roles;
    this.#calls = [...program.modules.values()].flatMap((module) => this.#callsIn(module));
  }

  /** Absolute paths of the modules that have such calls. */
  get paths(): readonly string[] {
    return [...new Set([...this.#calls, ...this.#unread].map(({ module }) => module.source.fileName))];
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
    for (const { module, node } of this.#unread)
      findings.push({
        ...{ code: "CF3307", severity: "warning", fix: null },
        message: "a migration is not looked at: what it is for is not written out where it is called",
        places: [placeOf(module, node)],
        advice:
          "Write names and hashes as texts, as constants, or in lists that a loop goes over. With --store, parked runs are tried with it.",
      });
    return unique(findings);
  }

  #callsIn(module: SourceModule): Call[] {
    const { source } = module;
    if (!/\b(migrate|renamed)\b/.test(source.text)) return [];
    const found: Call[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && this.#isOfOurs(node)) {
        const turns = turnsOf(node, this.#program.types);
        const says = turns?.map((turn) =>
          this.#sayOf(node, module, new WrittenOut(this.#program.types, turn)),
        );
        if (says === undefined || says.includes(null)) this.#unread.push({ module, node });
        else found.push(...says.map((say) => ({ module, node, say: say! })));
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  }

  #isOfOurs(node: ts.CallExpression): boolean {
    const target = this.#roles.target(node);
    return target !== null && this.#roles.isColdframe(target) && /^(migrate|renamed)$/.test(nameOf(target));
  }

  #sayOf(node: ts.CallExpression, module: SourceModule, out: WrittenOut): (() => void) | null {
    const [first, second] = node.arguments;
    if (nameOf(this.#roles.target(node)!) === "renamed") {
      const [from, to] = [out.text(first), out.text(second)];
      return from === null || to === null ? null : () => renamed(from, to);
    }
    const written = this.#writtenIn(first, second, out);
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

  #writtenIn(
    target: ts.Expression | undefined,
    change: ts.Expression | undefined,
    out: WrittenOut,
  ): Written | null {
    const id = target === undefined ? null : (out.text(target) ?? this.#idOf(out.valueOf(target)));
    const object = change === undefined ? null : bare(change);
    if (id === null || object === null || !ts.isObjectLiteralExpression(object)) return null;
    const [from, to] = [out.place(object, "from"), out.place(object, "to")];
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
    one: Looked,
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
    const place = this.#placeOf(one);
    const returned = one.function.getReturnType();
    if (types.getPropertyOfType(returned, "then") !== undefined)
      found.push(
        say(
          `a migration does not fit the types: that of ${id} returns a promise`,
          "A migration only computes: return the object itself, and await nothing.",
          place,
        ),
      );
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
    for (const [name, type] of this.#givenBy(one.function).types) {
      const refusal = this.#savable.refusal(type);
      const isOld = taken !== undefined && types.getPropertyOfType(taken, name) !== undefined;
      if (refusal === null || isOld || this.#savable.namedLike(refusal) !== null) continue;
      found.push(
        say(
          `a migration does not fit the types: that of ${id} gives "${name}${refusal.path}", and ${refusal.what} cannot be saved`,
          "Give what it is made from, or register it with resource(…).",
          place,
        ),
      );
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
          place,
        ),
      );
    }
    return found;
  }

  /** Its function, where it is handed over. */
  #placeOf({ call, kind }: Looked): ts.Node | undefined {
    return memberOf(bare(call.arguments[1]!) as ts.ObjectLiteralExpression, kind);
  }

  #moduleOf({ id }: ManifestCode): (SourceModule & { readonly manifest: Manifest | null }) | undefined {
    const module = id.slice(0, id.indexOf("#"));
    return [...this.#program.modules.values()].find(({ manifest }) => manifest?.module === module);
  }
}

/** What is wrong in each turn of a loop is told once. */
function unique(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter((one) => {
    const key = `${one.message} ${JSON.stringify(one.places)}`;
    return !seen.has(key) && seen.add(key);
  });
}
