/** Adds TypeScript types to manifests: what each local holds, written out structurally, and which classes of the project occur in it. */
import { ts } from "ts-morph";
import type { Manifest, ManifestCode } from "../abi/index.ts";
import { localOf } from "./live.ts";
import { fieldName } from "./property-name.ts";

/** So deep are objects written out; deeper ones by their names. */
const DEPTH = 3;
const LONGEST = 400;

/** What is needed of a program to write types out. */
export interface Typed {
  readonly types: ts.TypeChecker;
  /** By absolute path. */
  readonly modules: ReadonlyMap<string, { readonly manifest: Manifest | null }>;
}

/** The manifest of a module with the types of what its frames and scope records hold. */
export function withTypes(
  { source }: { readonly source: ts.SourceFile },
  manifest: Manifest,
  program: Typed,
): Manifest {
  const codes = manifest.codes.map((code): ManifestCode => {
    const types: Record<string, string> = {};
    const classes: Record<string, readonly string[]> = {};
    for (const [name] of code.declared) {
      const local = localOf(name, code, source);
      if (local === null) continue;
      const type = program.types.getTypeAtLocation(local);
      types[name] = typeText(type, program.types);
      const found = new Set<string>();
      collectClasses(type, program, found, new Set());
      if (found.size > 0) classes[name] = [...found].sort();
    }
    // A class without fields is known to have none.
    const isKnown = code.kind === "class" && addFields(code.id, source, program, types, classes);
    const isTyped = isKnown || Object.keys(types).length > 0;
    return {
      ...code,
      ...(isTyped ? { types } : {}),
      ...(Object.keys(classes).length > 0 ? { classes } : {}),
    };
  });
  return { ...manifest, codes };
}

/** Of a class at the top of the module: the types of its own fields, private ones by `#name`, and the class that it extends. */
function addFields(
  id: string,
  source: ts.SourceFile,
  program: Typed,
  fields: Record<string, string>,
  classes: Record<string, readonly string[]>,
): boolean {
  const { types } = program;
  const name = id.slice(id.indexOf("#") + 1);
  const found = source.statements.find((one) => ts.isClassDeclaration(one) && one.name?.text === name);
  const symbol = found && types.getSymbolAtLocation((found as ts.ClassDeclaration).name!);
  if (symbol === undefined) return false;
  const type = types.getDeclaredTypeOfSymbol(symbol) as ts.InterfaceType;
  for (const property of types.getPropertiesOfType(type)) {
    const at = property.valueDeclaration;
    const isField = at !== undefined && (ts.isPropertyDeclaration(at) || ts.isParameter(at));
    const owner = at !== undefined && ts.isParameter(at) ? at.parent.parent : at?.parent;
    if (!isField || owner !== found || ts.getCombinedModifierFlags(at) & ts.ModifierFlags.Ambient) continue;
    const text = typeText(types.getTypeOfSymbolAtLocation(property, at), types);
    const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0;
    fields[ts.isPropertyDeclaration(at) ? keyOf(at, property) : property.name] =
      isOptional && !/\bundefined\b/.test(text) ? `${text} | undefined` : text;
  }
  const above = types.getBaseTypes(type).flatMap((base) => classId(base, program) ?? []);
  if (above.length > 0) classes["extends"] = above;
  return true;
}

/** What a snapshot calls a field. `accessor total` is kept in a private one: see accessor-names.ts of the compiler. */
function keyOf(declaration: ts.PropertyDeclaration, property: ts.Symbol): string {
  const name = fieldName(property);
  if (!ts.isAutoAccessorPropertyDeclaration(declaration)) return name;
  return name.startsWith("#") ? `${name}$privateAccessor` : `#${name}$accessor`;
}

/** `{ id: string; items: { name: string }[] }`. Members of unions are sorted: their order depends on what else was compiled. */
export function typeText(type: ts.Type, types: ts.TypeChecker): string {
  const text = write(type, types, DEPTH, []);
  return text.length <= LONGEST ? text : write(type, types, 0, []);
}

function write(type: ts.Type, types: ts.TypeChecker, depth: number, open: readonly ts.Type[]): string {
  if (type.flags & ts.TypeFlags.Boolean) return "boolean";
  if (type.isUnion()) {
    const members = type.types.map((one) => write(one, types, depth, open));
    const both = members.includes("true") && members.includes("false");
    const rest = both ? [...members.filter((one) => one !== "true" && one !== "false"), "boolean"] : members;
    return [...new Set(rest)].sort().join(" | ");
  }
  if (types.isArrayType(type)) {
    const [item] = types.getTypeArguments(type as ts.TypeReference);
    const text = write(item!, types, depth, open);
    return `${/[ |&]/.test(text) && !text.startsWith("{") ? `(${text})` : text}[]`;
  }
  const isPlain =
    type.flags & ts.TypeFlags.Object &&
    type.getCallSignatures().length === 0 &&
    type.getConstructSignatures().length === 0 &&
    isOwnObject(type);
  if (!isPlain || depth === 0 || open.includes(type))
    return types.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation);
  const fields = types.getPropertiesOfType(type).map((property) => {
    const at = property.valueDeclaration ?? property.declarations?.[0];
    const inner =
      at === undefined
        ? "unknown"
        : write(types.getTypeOfSymbolAtLocation(property, at), types, depth - 1, [...open, type]);
    return `${property.name}${property.flags & ts.SymbolFlags.Optional ? "?" : ""}: ${inner}`;
  });
  return fields.length === 0 ? "{}" : `{ ${fields.join("; ")} }`;
}

/** An interface or an object type of the author, not of a library. */
function isOwnObject({ symbol }: ts.Type): boolean {
  const [declaration] = symbol?.declarations ?? [];
  return (
    declaration !== undefined &&
    !ts.isClassLike(declaration) &&
    !declaration.getSourceFile().isDeclarationFile
  );
}

function collectClasses(type: ts.Type, program: Typed, found: Set<string>, seen: Set<ts.Type>): void {
  if (seen.has(type)) return;
  seen.add(type);
  const { types, modules } = program;
  if (type.isUnionOrIntersection()) {
    for (const one of type.types) collectClasses(one, program, found, seen);
    return;
  }
  if (!(type.flags & ts.TypeFlags.Object) || type.getConstructSignatures().length > 0) return;
  for (const one of types.getTypeArguments(type as ts.TypeReference) ?? [])
    collectClasses(one, program, found, seen);
  const declaration = type.symbol?.declarations?.[0];
  if (declaration === undefined || !modules.has(declaration.getSourceFile().fileName)) return;
  const id = classId(type, program);
  if (id !== null) found.add(id);
  for (const property of types.getPropertiesOfType(type)) {
    const at = property.valueDeclaration ?? property.declarations?.[0];
    if (at !== undefined && !(property.flags & ts.SymbolFlags.Method))
      collectClasses(types.getTypeOfSymbolAtLocation(property, at), program, found, seen);
  }
}

/** Of instances of a class at the top of a marked module: its id. */
function classId({ symbol }: ts.Type, { modules }: Typed): string | null {
  const declaration = symbol?.declarations?.find((one) => ts.isClassLike(one));
  const manifest = declaration && modules.get(declaration.getSourceFile().fileName)?.manifest;
  const id = manifest && `${manifest.module}#${symbol.name}`;
  return id && manifest.codes.some((code) => code.id === id && code.kind === "class") ? id : null;
}
