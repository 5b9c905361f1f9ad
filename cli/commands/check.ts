/** `coldframe check`: what would go wrong after a deploy, before it. */
import { existsSync, type FSWatcher, watch, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Change, Finding } from "../../checker/index.ts";
import type { Rehearsal } from "../../runtime/index.ts";
import { describeFailure, exits } from "../failure.ts";
import { type Loaded, loadChecker, lockOf } from "../load-checker.ts";
import type { Invocation, Page, Terminal } from "../page.ts";
import { rehearseHere } from "../rehearse-here.ts";
import { rehearseInThread } from "../rehearse-in-thread.ts";

/** Editors write a file in several steps, ms. */
const CALM = 100;

interface Report {
  readonly findings: readonly Finding[];
  readonly changes: readonly Change[];
  readonly released: string | null;
  /** The parked runs of the store, each tried under this build; null without a store. */
  readonly runs: readonly Rehearsal[] | null;
}

export const check: Page = {
  name: "check",
  summary: "what would go wrong after a deploy, before it",
  args: {
    project: {
      type: "string",
      valueHint: "file",
      description: "the tsconfig.json (default: the nearest one)",
    },
    fix: { type: "boolean", description: "mark functions, write migrations to be filled in" },
    watch: { type: "boolean", description: "check again when a file changes" },
  },
  examples: ["coldframe check", "coldframe check --store runs.db", "coldframe check --json"],
  notes: [
    "Compares with the last release in coldframe.lock.json: see coldframe release.",
    "With --store, every parked run is decoded under this build. Nothing is written.",
    "The exit code is 1 when something has to change, or parked runs would not go on.",
  ],
  async run(invocation, terminal) {
    const loaded = await loadChecker(invocation, terminal);
    if (invocation.values["watch"] === true) return watching(loaded, invocation, terminal);
    return once(loaded, invocation, terminal);
  },
};

async function once(loaded: Loaded, invocation: Invocation, terminal: Terminal): Promise<number> {
  const report = await reportOf(loaded, invocation, terminal);
  if (invocation.json) terminal.print(jsonOf(report));
  else terminal.print(textOf(report, loaded, terminal));
  if (invocation.values["fix"] === true) fix(report, loaded, terminal);
  return failed(report) ? exits.failure : exits.ok;
}

/**
 * Until the process is ended. A file that is half written, or a lock file in the middle of a merge, is told of and looked at again when it
 * changes. What changes while a check is under way is checked after it.
 */
function watching(loaded: Loaded, invocation: Invocation, terminal: Terminal): Promise<never> {
  return new Promise((_, reject) => {
    let timer: NodeJS.Timeout | undefined;
    let checking: Promise<unknown> = Promise.resolve();
    const folders = new Map<string, FSWatcher>();
    const look = (folder: string) =>
      watch(folder, (_event, name) => {
        if (name !== null && !/\.[cm]?[jt]sx?$|\.json$/.test(name)) return;
        clearTimeout(timer);
        timer = setTimeout(() => {
          checking = checking.then(check);
        }, CALM);
      }).on("error", () => folders.delete(folder));
    const check = async () => {
      try {
        loaded.program.refresh();
        for (const folder of foldersOf(loaded, terminal))
          if (!folders.has(folder)) folders.set(folder, look(folder));
        await once(loaded, invocation, terminal);
      } catch (error) {
        terminal.warn(describeFailure(error, invocation.json));
      }
    };
    checking = check().catch(reject);
  });
}

/** Those with sources of the project, and that of the lock file. Packages are not looked at: there are too many. */
function foldersOf({ program }: Loaded, { cwd }: Terminal): ReadonlySet<string> {
  return new Set([cwd, ...[...program.modules.keys()].map((path) => dirname(path))]);
}

async function reportOf(loaded: Loaded, invocation: Invocation, terminal: Terminal): Promise<Report> {
  const { checker, program, project } = loaded;
  const lock = lockOf(loaded);
  const manifest = checker.manifestOf(program, project);
  const { changes, findings: ofMigrations } = checker.changesSince(program, lock, manifest);
  const findings = [...checker.findingsOf(program), ...ofMigrations];
  const released = lock?.releases.at(-1)?.build ?? null;
  const runs = invocation.values["store"] === undefined ? null : await tried(loaded, invocation, terminal);
  return { findings, changes, released, runs };
}

/** Loads what a worker of this build loads, and decodes each parked run under it. */
function tried({ checker, program }: Loaded, invocation: Invocation, { cwd }: Terminal) {
  const { store, seal, values } = invocation;
  const order = { modules: checker.loadedByWorkers(program), cwd, store, seal };
  return values["watch"] === true ? rehearseInThread(order) : rehearseHere(order);
}

const stops = ({ outcome }: Rehearsal) => outcome === "blocked";

/** What parked runs really do outweighs what any run might. */
function failed({ findings, changes, runs }: Report): boolean {
  if (findings.some(({ severity }) => severity === "error")) return true;
  if (runs !== null) return runs.some(stops);
  return changes.some(isStopped);
}

const isStopped = ({ verdict }: Change) => verdict === "needs migration" || verdict === "lost";

function jsonOf(report: Report): string {
  const { findings, changes, released, runs } = report;
  const stopped = (runs ?? []).filter(stops).map(({ run, reason }) => ({ run, reason }));
  return JSON.stringify({
    ok: !failed(report),
    findings,
    released,
    changes: changes.map((change) => ({ ...change, parked: parkedAt(change, runs) })),
    store: runs === null ? null : { parked: runs.length, stopped },
  });
}

/** How many tasks of parked runs wait there, or for that step. */
function parkedAt({ code, point, hash }: Change, runs: Report["runs"]): number | null {
  if (runs === null) return null;
  if (point === "") return runs.flatMap(({ steps }) => steps).filter((step) => step === code).length;
  return runs
    .flatMap(({ tasks }) => tasks)
    .filter((task) => task.code === code && task.point === point && task.hash === hash).length;
}

function textOf(report: Report, { checker }: Loaded, { style }: Pick<Terminal, "style">): string {
  const { findings, changes, runs } = report;
  const parts = findings.map((one) => checker.formatFinding(one));
  for (const change of changes) {
    const parked = parkedAt(change, runs);
    const now = parked === null ? "" : `    ${parked} parked here now`;
    const goesOn = !isStopped(change);
    const verdict = goesOn ? change.verdict : style.bad(change.verdict);
    const where = change.point === "" ? `, a step` : ` at "${change.point}" (${change.file}:${change.line})`;
    const lines = [`${verdict}  ${change.code}${where}${now}`];
    if (!goesOn) lines.push(`  ${change.reason}`);
    for (const step of goesOn ? change.lostSteps : [])
      lines.push(`  But not while it waits for the step ${step}, which is not there any more.`);
    if (change.renamedTo !== null)
      lines.push(`  renamed("${change.code}", "${change.renamedTo}") would map it.`);
    for (const { name, before, after } of change.retyped)
      lines.push(`  "${name}" was ${before} and is ${after} now: the value is carried over as it is.`);
    for (const { class: id, field } of goesOn ? change.gained : [])
      lines.push(
        `  ${id} has "${field}" now: it is undefined in instances that were saved, unless a migration gives it.`,
      );
    parts.push(lines.join("\n"));
  }
  for (const { run, reason } of (runs ?? []).filter(stops))
    parts.push(`${style.bad("blocked")}  run ${run}\n  ${reason}`);
  parts.push(summaryOf(report));
  return parts.join("\n\n");
}

function summaryOf({ findings, changes, released, runs }: Report): string {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const said = [
    `${count(errors, "error")}, ${count(findings.length - errors, "warning")}.`,
    released === null
      ? "Nothing was released yet: coldframe release remembers this build."
      : changes.length === 0
        ? `No function changed since release ${released}.`
        : `Since release ${released}: ${count(changes.filter((one) => !isStopped(one)).length, "suspend point")} go on, ${changes.filter(isStopped).length} do not.`,
  ];
  if (runs !== null) {
    const stopped = runs.filter(stops).length;
    said.push(`${count(runs.length, "parked run")}: ${runs.length - stopped} go on, ${stopped} do not.`);
  }
  return said.join(" ");
}

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;

function fix({ findings, changes }: Report, { checker, program }: Loaded, { cwd, warn }: Terminal): void {
  for (const file of checker.applyFixes(findings.flatMap((one) => one.fix ?? []))) warn(`changed ${file}`);
  const stubs = checker.migrationStubs(changes, program);
  if (stubs === "") return;
  const name = checker.MIGRATIONS_FILE;
  const path = join(cwd, name);
  if (existsSync(path)) {
    warn(`${name} is there already, and was left as it is`);
    return;
  }
  writeFileSync(path, stubs);
  warn(`wrote ${name}: say in it what becomes of the locals, and import it where workers begin`);
}
