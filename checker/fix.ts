/** What `coldframe check --fix` writes: directives into functions, and migrations to be filled in. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Change } from "./compare.ts";
import type { Fix } from "./finding.ts";

/** Puts the texts into their files. @returns the files that were changed, as messages show them */
export function applyFixes(fixes: readonly Fix[]): string[] {
  const byPath = new Map<string, Fix[]>();
  for (const fix of fixes) byPath.set(fix.path, [...(byPath.get(fix.path) ?? []), fix]);
  const changed: string[] = [];
  for (const [path, list] of byPath) {
    let text = readFileSync(path, "utf8");
    // From the end, so that places before stay where they are.
    for (const { position, insert } of [...list].sort((a, b) => b.position - a.position))
      text = text.slice(0, position) + insert + text.slice(position);
    writeFileSync(path, text);
    changed.push(list[0]!.file);
  }
  return changed;
}

/** A `migrate(…)` for each suspend point at which runs do not go on, and a `renamed(…)` where a function has another name now. */
export function migrationStubs(changes: readonly Change[]): string {
  const stubs: string[] = [];
  const renames = new Map<string, string>();
  for (const change of changes) {
    if (change.verdict === "goes on") continue;
    if (change.renamedTo !== null) renames.set(change.code, change.renamedTo);
    else stubs.push(stubOf(change));
  }
  if (stubs.length + renames.size === 0) return "";
  const names = [...(stubs.length > 0 ? ["migrate"] : []), ...(renames.size > 0 ? ["renamed"] : [])];
  const renamed = [...renames].map(
    ([from, to]) => `renamed(${JSON.stringify(from)}, ${JSON.stringify(to)});\n`,
  );
  return [`import { ${names.join(", ")} } from "coldframe";\n`, ...renamed, ...stubs].join("\n");
}

function stubOf({ code, hash, file, line, point, reason, locals }: Change): string {
  const fields = locals.map(
    ({ name, type }) => `${/^[\w$]+$/.test(name) ? name : JSON.stringify(name)}: ${type}`,
  );
  return `// Parked at "${point}" (${file}:${line} of the last release): ${reason.replaceAll("\n", " ")}
migrate(${JSON.stringify(code)}, {
  from: { at: ${JSON.stringify(point)}, build: ${JSON.stringify(hash)} },
  to: { at: ${JSON.stringify(point)} },
  frame: (old: ${fields.length === 0 ? "object" : `{ ${fields.join("; ")} }`}) => ({ ...old }),
});
`;
}
