/** What `coldframe check --fix` writes: directives into functions, and migrations to be filled in. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Change, Gained } from "./compare.ts";
import type { Fix } from "./finding.ts";
import type { SourceProgram } from "./program.ts";
import { propertyName } from "./property-name.ts";

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

/**
 * A `migrate(…)` for each suspend point at which runs do not go on, and a `renamed(…)` where a function has another name now. It compiles
 * as it is, and stops a run where something was left to be said.
 */
export function migrationStubs(changes: readonly Change[], program: SourceProgram): string {
  const stopped = changes.filter(({ verdict }) => verdict === "needs migration" || verdict === "lost");
  const renames = new Map<string, string>();
  for (const { code, renamedTo } of stopped) if (renamedTo !== null) renames.set(code, renamedTo);
  const classes = classesOf(stopped);
  const open = stopped.filter(
    ({ renamedTo, point, gained }) => renamedTo === null && point !== "" && gained.length === 0,
  );
  if (open.length + classes.length + renames.size === 0) return "";
  const texts = [
    ...open.flatMap(({ locals, target }) => [...locals, ...(target?.locals ?? [])]),
    ...classes.flatMap(({ fields }) => fields),
  ];
  const known = program.typesOfAnywhere([...new Set(texts.map(({ type }) => type))]);
  const names = [
    ...(open.length + classes.length > 0 ? ["migrate"] : []),
    ...(renames.size > 0 ? ["renamed"] : []),
  ];
  const renamed = [...renames].map(
    ([from, to]) => `renamed(${JSON.stringify(from)}, ${JSON.stringify(to)});\n`,
  );
  const typeOf = (type: string) => (known.has(type) ? type : "unknown");
  const stubs = [
    ...open.map((change) => stubOf(change, typeOf)),
    ...classes.map((one) => classStubOf(one, typeOf)),
  ];
  const isTold = stubs.some((stub) => stub.includes(TODO));
  return [
    `import { ${names.join(", ")} } from "coldframe";\n`,
    ...(isTold ? [`${TODO_FUNCTION}\n`] : []),
    ...renamed,
    ...stubs,
  ].join("\n");
}

/** Where migrations to be filled in are written, beside the lock file. */
export const MIGRATIONS_FILE = "coldframe.migrations.ts";

const TODO = "toBeSaid(";
const TODO_FUNCTION = `/** Stops a run that comes here, and changes nothing. */
function toBeSaid(what: string): never {
  throw new Error(\`say in ${MIGRATIONS_FILE} what "\${what}" is\`);
}`;

type Local = Change["locals"][number];

function stubOf(
  { code, hash, file, line, point, reason, locals, target }: Change,
  known: (type: string) => string,
): string {
  const typed = (list: readonly Local[]) =>
    list.length === 0
      ? "object"
      : `{ ${list.map(({ name, type }) => `${propertyName(name)}: ${known(type)}`).join("; ")} }`;
  const isSame = (one: Local) =>
    locals.some(
      ({ name, type }) => name === one.name && (type === one.type || known(one.type) === "unknown"),
    );
  const open = (target?.locals ?? []).filter((one) => !isSame(one));
  const given = [
    "...old",
    ...open.map(({ name }) => `${propertyName(name)}: ${TODO}${JSON.stringify(name)})`),
  ];
  const result = target === null ? "" : `: ${typed(target.locals)}`;
  const to = target?.point ?? point;
  const gone =
    target === null ? "// There is no such function any more: say in its place which one goes on.\n" : "";
  return `// Parked at "${point}" (${file}:${line} of the last release): ${reason.replaceAll("\n", " ")}
${gone}migrate(${JSON.stringify(code)}, {
  from: { at: ${JSON.stringify(point)}, build: ${JSON.stringify(hash)} },
  to: { at: ${JSON.stringify(to)} },
  frame: (old: ${typed(locals)})${result} => ({ ${given.join(", ")} }),
});
`;
}

/** A class that lacks private fields: itself, and their names. */
interface Lacking extends Omit<Gained, "field"> {
  readonly lacking: readonly string[];
}

function classesOf(stopped: readonly Change[]): Lacking[] {
  const byClass = new Map<string, Lacking>();
  for (const { field, ...one } of stopped.flatMap(({ gained }) => gained)) {
    const { lacking } = byClass.get(one.class) ?? { lacking: [] };
    byClass.set(one.class, { ...one, lacking: [...new Set([...lacking, field])] });
  }
  return [...byClass.values()];
}

function classStubOf({ class: id, hash, fields, lacking }: Lacking, known: (type: string) => string): string {
  const old = fields.map(({ name, type }) => `${propertyName(name)}: ${known(type)}`).join("; ");
  const given = lacking.map((name) => `${propertyName(name)}: ${TODO}${JSON.stringify(name)})`);
  return `// Instances of it were saved without ${lacking.join(", ")}.
migrate(${JSON.stringify(id)}, {
  from: { build: ${JSON.stringify(hash)} },
  fields: (old: ${old === "" ? "object" : `{ ${old} }`}) => ({ ...old, ${given.join(", ")} }),
});
`;
}
