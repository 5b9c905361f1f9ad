/**
 * `coldframe.lock.d.ts`: what the functions of all releases hold at their awaits, as types. `migrate` reads them: it knows what `old` is
 * from the version and the suspend point that a migration begins at.
 */
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
  return `// Written by coldframe release, for migrate(): what released functions hold at their awaits, by name and by hash.\ndeclare global {\n  interface ColdframeReleased {\n${entries.join("")}  }\n}\nexport {};\n`;
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
