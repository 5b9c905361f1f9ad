/**
 * The walls of the house (`docs/architecture.md`): who may import whom, what `runtime/` may not touch, how modules
 * are exported, how long a file may be. Imports are read from the syntax tree; imports of types count.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Lower floors first. Rooms of one floor never import each other. */
const floors = [["abi"], ["compiler", "runtime"], ["plugins", "checker", "stores", "dashboard"], ["cli"]];
/** Within the runtime, lower first. `testing` and the door stand above the engine. */
const runtimeFloors = [["machine"], ["snapshot"], ["engine"], ["testing"]];
/** What each room may import from npm and Node, besides `node:` where it is not the runtime. */
const packages: Record<string, RegExp> = {
  abi: /^$/,
  compiler: /^@babel\//,
  // croner: asked for with import(), so that programs without schedules do not load it.
  runtime: /^(superjson|croner)$/,
  stores: /^(node:|libsql$|better-sqlite3$|pg$|mysql2\/promise$)/,
  plugins: /^(node:|unplugin$|@babel\/|vite$|esbuild$|@opentelemetry\/api$)/,
  checker: /^(node:|ts-morph$)/,
  cli: /^(node:|citty$)/,
};
const LONGEST_FILE = 600;

interface Reference {
  readonly specifier: string;
  /** Path of the imported file relative to the root; null for packages. */
  readonly file: string | null;
}
interface Source {
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  readonly references: readonly Reference[];
}

function files(folder: string, endings: RegExp): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.test(entry.name))
    .map((entry) => posix.join(...join(entry.parentPath, entry.name).slice(root.length).split(/[\\/]/)))
    .filter((path) => !/(^|\/)(node_modules|dist)\//.test(path))
    .sort();
}

function referencesOf(path: string, tree: ts.SourceFile): Reference[] {
  const found: Reference[] = [];
  const add = (node: ts.Node | undefined) => {
    if (node === undefined || !ts.isStringLiteralLike(node)) return;
    const specifier = node.text;
    const file = specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : null;
    found.push({ specifier, file });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0]);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function read(path: string): Source {
  const text = readFileSync(join(root, path), "utf8");
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  return { path, text, tree, references: referencesOf(path, tree) };
}

const rooms = floors.flat();
const house = rooms.flatMap((room) => files(room, /\.tsx?$/)).map(read);
const everything = [
  ...house,
  ...["test", "fixtures", "examples", "bench"].flatMap((room) => files(room, /\.(ts|mts|mjs|js)$/)).map(read),
];
const roomOf = (path: string) => path.split("/")[0]!;
const floorOf = (room: string) => floors.findIndex((floor) => floor.includes(room));

/** All imports within the house that cross from one room into another. */
function* crossings(): Generator<{ from: Source; to: string; room: string; other: string }> {
  for (const from of house) {
    for (const { file } of from.references) {
      if (file === null) continue;
      const room = roomOf(from.path);
      const other = roomOf(file);
      if (room !== other) yield { from, to: file, room, other };
    }
  }
}

test("a room imports rooms on lower floors only", () => {
  const wrong = [...crossings()]
    .filter(({ room, other }) => floorOf(other) < 0 || floorOf(other) >= floorOf(room))
    .map(({ from, to }) => `${from.path} imports ${to}`);
  expect(wrong).toEqual([]);
});

test("a room is entered through its doors", () => {
  // Besides the doors: the table of errors, and the store port with its rules for dead workers and fair claims, which stores implement
  // without the engine behind it.
  const isDoor = (path: string) =>
    /\/index\.ts$|^runtime\/(errors|engine\/(store|poison|fairness|doubt|timing))\.ts$/.test(path);
  expect(
    [...crossings()].filter(({ to }) => !isDoor(to)).map(({ from, to }) => `${from.path} imports ${to}`),
  ).toEqual([]);
});

test("machine, snapshot and engine are stacked inside of the runtime", () => {
  const level = (path: string) => runtimeFloors.findIndex((floor) => floor.includes(path.split("/")[1]!));
  const wrong: string[] = [];
  for (const from of house) {
    if (roomOf(from.path) !== "runtime" || level(from.path) < 0) continue;
    for (const { file } of from.references) {
      if (file === null || roomOf(file) !== "runtime") continue;
      const isDoor = file === "runtime/index.ts";
      if (isDoor || level(file) > level(from.path)) wrong.push(`${from.path} imports ${file}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("imports lead to existing files, and there are no cycles between files", () => {
  const graph = new Map(
    house.map(({ path, references }) => [
      path,
      references.flatMap(({ file }) => (file === null ? [] : [file])),
    ]),
  );
  const dead = [...graph].flatMap(([from, to]) =>
    to.filter((file) => !existsSync(join(root, file))).map((file) => `${from} imports ${file}`),
  );
  expect(dead).toEqual([]);
  const state = new Map<string, "open" | "done">();
  const cycles: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
      return;
    }
    state.set(path, "open");
    for (const next of graph.get(path) ?? []) walk(next, [...trail, path]);
    state.set(path, "done");
  };
  for (const path of graph.keys()) walk(path, []);
  expect(cycles).toEqual([]);
});

test("the runtime loads croner only when there is a schedule", () => {
  const texts = house
    .filter(
      ({ path, references }) =>
        roomOf(path) === "runtime" && references.some(({ specifier }) => specifier === "croner"),
    )
    .map(({ path }) => readFileSync(join(root, path), "utf8"));
  expect(texts).toHaveLength(1);
  expect(texts[0]).toMatch(/await import\("croner"\)/);
  expect(texts[0]).not.toMatch(/from "croner"/);
});

test("a room uses the packages that it may use", () => {
  const wrong: string[] = [];
  for (const { path, references } of house) {
    for (const { specifier, file } of references) {
      if (file === null && !packages[roomOf(path)]!.test(specifier))
        wrong.push(`${path} imports ${specifier}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("compiler and runtime know neither Node nor its globals", () => {
  const wrong: string[] = [];
  const bare = new Set(builtinModules);
  for (const { path, tree, references } of house) {
    const room = roomOf(path);
    if (room !== "runtime" && room !== "abi" && room !== "compiler") continue;
    for (const { specifier } of references) {
      if (specifier.startsWith("node:") || bare.has(specifier)) wrong.push(`${path} imports ${specifier}`);
    }
    if (room === "compiler") continue;
    const visit = (node: ts.Node): void => {
      if (ts.isIdentifier(node) && isFreeUse(node)) wrong.push(`${path} uses ${node.text}`);
      ts.forEachChild(node, visit);
    };
    visit(tree);
  }
  expect(wrong).toEqual([]);
});

test("the HTTP handler knows the Fetch API only", () => {
  const wrong: string[] = [];
  for (const { path, tree, references } of house) {
    if (!path.startsWith("plugins/http/") || path.startsWith("plugins/http/node/")) continue;
    for (const { specifier, file } of references)
      if (file === null) wrong.push(`${path} imports ${specifier}`);
    const visit = (node: ts.Node): void => {
      if (ts.isIdentifier(node) && isFreeUse(node)) wrong.push(`${path} uses ${node.text}`);
      ts.forEachChild(node, visit);
    };
    visit(tree);
  }
  expect(wrong).toEqual([]);
});

const forbiddenGlobals = new Set(["process", "Buffer", "require", "__dirname", "__filename", "setImmediate"]);

/** The identifier stands for a global, not for a property, a key or a parameter of that name. */
function isFreeUse(node: ts.Identifier): boolean {
  if (!forbiddenGlobals.has(node.text)) return false;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent)) return parent.name !== node;
  return !(
    ts.isMethodDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isPropertyDeclaration(parent)
  );
}

test("modules export by name", () => {
  // Presets and loaders find a default export by convention.
  const byConvention = /^(vitest\.config\.ts|plugins\/(babel|loader)\/index\.ts)$/;
  const wrong: string[] = [];
  for (const { path, tree } of house) {
    for (const statement of tree.statements) {
      const starred = ts.isExportDeclaration(statement) && statement.exportClause === undefined;
      if (starred) wrong.push(`${path} has export *`);
      const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
      const isDefault =
        ts.isExportAssignment(statement) ||
        modifiers.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword);
      if (isDefault && !byConvention.test(path)) wrong.push(`${path} has a default export`);
    }
  }
  expect(wrong).toEqual([]);
});

test("no file is longer than a reader's patience", () => {
  const long = everything
    .map(({ path, text }) => ({ path, lines: text.split("\n").length }))
    .filter(({ lines }) => lines > LONGEST_FILE)
    .map(({ path, lines }) => `${path} has ${lines} lines`);
  expect(long).toEqual([]);
});

test("files are named in kebab-case and open with what they are", () => {
  const wrong = house
    .filter(
      ({ path, text }) =>
        !/^[a-z0-9]+(-[a-z0-9]+)*(\.d)?\.tsx?$/.test(posix.basename(path)) || !/^(#!.*\n)?\/[*/]/.test(text),
    )
    .map(({ path }) => path);
  expect(wrong).toEqual([]);
});

test("the exports map points at existing sources", () => {
  const { exports, bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    exports: Record<string, string | { types: string; default: string }>;
    bin: Record<string, string>;
  };
  const targets = Object.values(exports).flatMap((entry) =>
    typeof entry === "string" ? [entry] : [entry.types, entry.default],
  );
  const missing = [...targets, ...Object.values(bin)]
    .map((target) => target.replace(/^\.\/dist\/(.*?)(\.d\.ts|\.js)$/, "$1.ts"))
    .filter((source) => !existsSync(join(root, source)));
  expect([...new Set(missing)]).toEqual([]);
});

test("examples import the package by its name", () => {
  const wrong: string[] = [];
  for (const { path, references } of everything) {
    if (roomOf(path) !== "examples") continue;
    for (const { specifier, file } of references) {
      const leaves = file !== null && roomOf(file) !== "examples";
      const foreign = file === null && !/^(coldframe(\/|$)|node:)/.test(specifier);
      if (leaves || foreign) wrong.push(`${path} imports ${specifier}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("no file speaks of the machine it was written on", () => {
  const absolute = /(^|[\s"'`(=])(\/(home|Users|root|work|tmp|mnt)\/[\w.-]|[A-Z]:\\\\?(Users|Windows))/m;
  const written = [
    ...everything.map(({ path }) => path),
    ...files("docs", /\.md$/),
    ...readdirSync(root).filter((name) => /\.(md|json|ts)$/.test(name) && name !== "package-lock.json"),
  ];
  const wrong = written.filter((path) => absolute.test(readFileSync(join(root, path), "utf8")));
  expect(wrong.filter((path) => path !== "test/architecture.test.ts")).toEqual([]);
});
