/**
 * Whether values of a type can be saved (docs/frames.md), and if not, the path that leads to what cannot. What a type does not tell
 * (`any`, `unknown`, functions, interfaces that anything may implement) is taken for savable: the run says more.
 */
import { ts } from "ts-morph";
import { savableContainers, savableTypes } from "../abi/index.ts";
import { isColdframe, type SourceProgram } from "./program.ts";
import { fieldName } from "./property-name.ts";

export interface Unsavable {
  /** Behind the name of the local: `.retry.socket`. */
  readonly path: string;
  /** `a Socket` */
  readonly what: string;
  /** Whose values they are: one of them may go by its name. */
  readonly symbol?: ts.Symbol;
}

/** Classes of "coldframe" itself whose objects the machine saves. */
const OWN_CLASSES: ReadonlySet<string> = new Set(["Lock", "Channel", "Pool"]);

/** Classes that the author registers with superjson, by symbol. */
export class Savable {
  readonly #program: SourceProgram;
  readonly #known = new Map<ts.Type, Unsavable | null>();
  #registered: ReadonlySet<ts.Symbol> | null = null;
  #named: ReadonlyMap<ts.Symbol, string> | null = null;

  constructor(program: SourceProgram) {
    this.#program = program;
  }

  /** What of a value of this type cannot be saved; null: nothing that the type tells of. */
  refusal(type: ts.Type): Unsavable | null {
    const known = this.#known.get(type);
    if (known !== undefined) return known;
    // A type that contains itself adds nothing.
    this.#known.set(type, null);
    const found = this.#look(type);
    this.#known.set(type, found);
    return found;
  }

  /** Something of the same class that is saved by its name: what a marked module imports or has at its top, or a resource. Null: nothing. */
  namedLike({ symbol }: Unsavable): string | null {
    this.#named ??= namedIn(this.#program);
    return symbol === undefined ? null : (this.#named.get(symbol) ?? null);
  }

  #look(type: ts.Type): Unsavable | null {
    const { types } = this.#program;
    if (type.isUnionOrIntersection()) return first(type.types, (one) => this.refusal(one));
    if (type.flags & ts.TypeFlags.TypeParameter) {
      const constraint = types.getBaseConstraintOfType(type);
      return constraint === undefined || constraint === type ? null : this.refusal(constraint);
    }
    if (!(type.flags & ts.TypeFlags.Object)) return null;
    if (types.isArrayType(type) || types.isTupleType(type)) return this.#elements(type);
    const { symbol } = type;
    if (symbol === undefined || type.getConstructSignatures().length > 0) return null;
    const declarations = symbol.declarations ?? [];
    const isOwn = declarations.some((one) => this.#program.modules.has(one.getSourceFile().fileName));
    if (!isOwn && (savableTypes.has(symbol.name) || isTemporal(symbol, types))) return null;
    if (!isOwn && savableContainers.has(symbol.name)) return this.#elements(type);
    if (OWN_CLASSES.has(symbol.name) && declarations.some((one) => isColdframe(one, this.#program)))
      return null;
    if (type.getCallSignatures().length > 0) return null;
    const isClass = declarations.some((one) => ts.isClassLike(one));
    if (isClass) return this.#instance(type, symbol);
    if (!isOwn && (isMadeByConstructor(symbol, types) || this.#extendsClass(type)))
      return this.#isError(type) ? null : { path: "", what: article(symbol.name), symbol };
    return this.#properties(type);
  }

  #elements(type: ts.Type): Unsavable | null {
    const { types } = this.#program;
    const list = types.getTypeArguments(type as ts.TypeReference);
    const container = type.symbol?.name ?? "";
    for (const [i, one] of list.entries()) {
      const found = this.refusal(one);
      if (found === null) continue;
      const step = /^Promise/.test(container)
        ? "‹promise›"
        : /Map$/.test(container)
          ? [".keys()[…]", ".get(…)"][i]!
          : container === "WeakRef"
            ? ".deref()"
            : types.isTupleType(type)
              ? `[${i}]`
              : "[…]";
      return { ...found, path: step + found.path };
    }
    return null;
  }

  #instance(type: ts.Type, symbol: ts.Symbol): Unsavable | null {
    const [declaration] = (symbol.declarations ?? []).filter((one) => ts.isClassLike(one));
    if (savesItself(declaration!, this.#program.types) || this.#isRegistered(symbol)) return null;
    const module = this.#program.modules.get(declaration!.getSourceFile().fileName);
    const isMarked = module?.manifest != null && module.manifest.codes.length > 0;
    if (isMarked) return this.#inherited(type, symbol) ?? this.#properties(type);
    if (this.#isError(type) || this.#program.isIncluded(declaration!.getSourceFile().fileName)) return null;
    return {
      path: "",
      what: article(symbol.name === "__class" ? "n object of a nameless class" : symbol.name),
      symbol,
    };
  }

  /** What a class of a marked module has from one that is not: its constructor may keep anything anywhere. */
  #inherited(type: ts.Type, symbol: ts.Symbol): Unsavable | null {
    const declared = this.#program.types.getDeclaredTypeOfSymbol(symbol);
    const bases = declared.isClassOrInterface() ? this.#program.types.getBaseTypes(declared) : [];
    const found = first(bases, (base) => this.refusal(base));
    if (found === null || found.path !== "") return found;
    return { path: "", what: `${article(symbol.name)} that extends ${found.what}`, symbol: type.symbol };
  }

  /** Errors are taken by name, or become a StepError with what they hold. */
  #isError(type: ts.Type): boolean {
    return ["stack", "message"].every(
      (name) => this.#program.types.getPropertyOfType(type, name) !== undefined,
    );
  }

  #properties(type: ts.Type): Unsavable | null {
    const { types } = this.#program;
    for (const property of types.getPropertiesOfType(type)) {
      const declaration = property.valueDeclaration ?? property.declarations?.[0];
      if (declaration === undefined || property.flags & (ts.SymbolFlags.Method | ts.SymbolFlags.Accessor))
        continue;
      const found = this.refusal(types.getTypeOfSymbolAtLocation(property, declaration));
      if (found !== null) return { ...found, path: `.${fieldName(property)}${found.path}` };
    }
    const found = first(types.getIndexInfosOfType(type), (one) => this.refusal(one.type));
    return found === null ? null : { ...found, path: `[…]${found.path}` };
  }

  #extendsClass(type: ts.Type): boolean {
    return (type.getBaseTypes() ?? []).some(
      (base) =>
        (base.symbol?.declarations ?? []).some((one) => ts.isClassLike(one)) || this.#extendsClass(base),
    );
  }

  #isRegistered(symbol: ts.Symbol): boolean {
    this.#registered ??= this.#findRegistered();
    return this.#registered.has(symbol);
  }

  /** The classes in `registerClass(X)`; for `registerCustom`, those whose instances its type says it is about. */
  #findRegistered(): ReadonlySet<ts.Symbol> {
    const { types, modules } = this.#program;
    const found = new Set<ts.Symbol>();
    const add = (type: ts.Type | undefined) => {
      if (type?.symbol !== undefined) found.add(type.symbol);
    };
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node)) {
        const name = ts.isPropertyAccessExpression(node.expression)
          ? node.expression.name.text
          : node.expression.getText();
        const [given] = node.arguments;
        if (name === "registerClass" && given !== undefined)
          add(types.getTypeAtLocation(given).getConstructSignatures()[0]?.getReturnType());
        if (name === "registerCustom" && given !== undefined) {
          const test = types.getPropertyOfType(types.getTypeAtLocation(given), "serialize");
          const signature = test && types.getTypeOfSymbolAtLocation(test, given).getCallSignatures()[0];
          const parameter = signature?.getParameters()[0];
          if (parameter !== undefined) add(types.getTypeOfSymbolAtLocation(parameter, given));
        }
      }
      ts.forEachChild(node, visit);
    };
    for (const { source } of modules.values()) if (/register(Class|Custom)/.test(source.text)) visit(source);
    return found;
  }
}

/** Of classes: the name of an object that goes by it. */
function namedIn({ types, modules }: SourceProgram): ReadonlyMap<ts.Symbol, string> {
  const found = new Map<ts.Symbol, string>();
  const add = (name: string, given: ts.Symbol | undefined): void => {
    const symbol = given && (given.flags & ts.SymbolFlags.Alias ? types.getAliasedSymbol(given) : given);
    // A class has the symbol that its objects have, and is none of them.
    if (symbol === undefined || !(symbol.flags & ts.SymbolFlags.Variable)) return;
    const held = types.getTypeOfSymbol(symbol).symbol;
    if (held !== undefined && !found.has(held)) found.set(held, name);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return;
    if (ts.isNamespaceImport(node))
      for (const one of types.getPropertiesOfType(types.getTypeAtLocation(node)))
        add(`${node.name.text}.${one.name}`, one);
    else if (ts.isImportSpecifier(node) || ts.isImportClause(node) || ts.isVariableDeclaration(node))
      if (node.name !== undefined && ts.isIdentifier(node.name))
        add(node.name.text, types.getSymbolAtLocation(node.name));
    ts.forEachChild(node, visit);
  };
  for (const { source, manifest } of modules.values())
    if (manifest !== null && manifest.codes.length > 0) visit(source);
  return found;
}

/** The first that is found something in. */
export function first<T, R>(list: readonly T[], look: (one: T) => R | null): R | null {
  for (const one of list) {
    const found = look(one);
    if (found !== null) return found;
  }
  return null;
}

/** `declare var Response: { prototype: Response; new(…): Response }` beside the interface. */
function isMadeByConstructor(symbol: ts.Symbol, types: ts.TypeChecker): boolean {
  return (symbol.declarations ?? []).some(
    (one) =>
      ts.isVariableDeclaration(one) &&
      one.type !== undefined &&
      (/\bprototype\b|Constructor$|typeof globalThis/.test(one.type.getText()) ||
        types.getTypeAtLocation(one).getConstructSignatures().length > 0),
  );
}

/** The classes of the language, not those of a polyfill. */
const isTemporal = (symbol: ts.Symbol, types: ts.TypeChecker): boolean =>
  types.getFullyQualifiedName(symbol).startsWith("Temporal.");

/** `static [Symbol.for("coldframe.save")]`, or by a constant that holds the symbol. */
function savesItself(declaration: ts.Declaration, types: ts.TypeChecker): boolean {
  return (declaration as ts.ClassLikeDeclaration).members.some(({ name }) => {
    if (name === undefined || !ts.isComputedPropertyName(name)) return false;
    if (name.getText().includes("coldframe.save")) return true;
    const symbol = types.getSymbolAtLocation(name.expression);
    return symbol?.valueDeclaration?.getText().includes("coldframe.save") ?? false;
  });
}

function article(name: string): string {
  if (name.startsWith("n object")) return `a${name}`;
  return `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`;
}
