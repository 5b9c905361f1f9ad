/**
 * `coldframe.lock.d.ts`: what the functions of all releases hold at their awaits, as types. `migrate` reads them: it knows what `old` is
 * from the version and the suspend point that a migration begins at. A function has no name that a type could look up: it is known by
 * its type, which the file takes from the module. One that was released and is gone by now has none, and none of the others suffers.
 */
import { ts } from "ts-morph";
import type { Lock, ManifestPoint, ReleasedCode } from "../abi/index.ts";
import type { SourceProgram } from "./program.ts";
import { propertyName } from "./property-name.ts";

export const LOCK_TYPES_FILE = "coldframe.lock.d.ts";

/** Types of what is held, by function and suspend point; several where several versions, or functions of one text, differ. */
type Held = Map<string, Map<string, Set<string>>>;

export function lockTypes(lock: Lock, program: SourceProgram): string {
  const codes = Object.values(lock.codes).filter(({ points }) => points.length > 1);
  const known = program.typesOfAnywhere([
    ...new Set(codes.flatMap(({ types }) => Object.values(types ?? {}))),
  ]);
  const held: Held = new Map();
  for (const code of codes) {
    for (const point of code.points) {
      if (point === null) continue;
      const type = typeAt(point, code, known);
      add(held, code.hash, point.name, type);
      add(held, code.id, point.name, type);
    }
  }
  const entries = [...held]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, points]) => {
      const lines = [...points].map(
        ([at, types]) => `      ${propertyName(at)}: ${[...types].sort().join(" | ")};\n`,
      );
      return `    ${propertyName(name)}: {\n${lines.join("")}    };\n`;
    });
  const functions = exportedFunctions(program, new Set(held.keys())).map(
    ([id, type]) => `    // @ts-ignore: it may be gone since then\n    ${propertyName(id)}: ${type};\n`,
  );
  return `// Written by coldframe release, for migrate(): what released functions hold at their awaits, by name and by hash.\ndeclare global {\n  interface ColdframeReleased {\n${entries.join("")}  }\n  interface ColdframeFunctions {\n${functions.join("")}  }\n}\nexport {};\n`;
}

/** Which of the functions the modules of today export, and how their types are written in a file beside the lock. */
function exportedFunctions(
  { types, modules }: SourceProgram,
  held: ReadonlySet<string>,
): (readonly [id: string, type: string])[] {
  const found = new Map<string, string>();
  for (const { source, file, manifest } of modules.values()) {
    const symbol = manifest === null ? undefined : types.getSymbolAtLocation(source);
    for (const one of symbol === undefined ? [] : types.getExportsOfModule(symbol)) {
      const local = one.flags & ts.SymbolFlags.Alias ? types.getAliasedSymbol(one) : one;
      const { valueDeclaration } = local;
      const name = valueDeclaration === undefined ? undefined : ts.getNameOfDeclaration(valueDeclaration);
      const id = `${manifest!.module}#${name?.getText() ?? local.name}`;
      if (valueDeclaration?.getSourceFile() !== source || !held.has(id) || found.has(id)) continue;
      found.set(id, `typeof import(${JSON.stringify(`./${file}`)})[${JSON.stringify(one.name)}]`);
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

function add(held: Held, name: string, at: string, type: string): void {
  const points = held.get(name) ?? new Map<string, Set<string>>();
  held.set(name, points.set(at, (points.get(at) ?? new Set()).add(type)));
}

/** As `frame` of a migration gets it: locals, and variables of records, by the author's names. */
function typeAt(point: ManifestPoint, { types = {} }: ReleasedCode, known: ReadonlySet<string>): string {
  const names = point.live.map((entry) => entry.slice(entry.indexOf(".") + 1));
  const fields = [...new Set(names)]
    // One that is there twice goes by another name.
    .filter((name) => !name.startsWith("$") && names.filter((one) => one === name).length === 1)
    .map((name) => {
      const type = types[name];
      return `${propertyName(name)}: ${type !== undefined && known.has(type) ? type : "unknown"}`;
    });
  return fields.length === 0 ? "object" : `{ ${fields.join("; ")} }`;
}
