/** Counts how programs ended, by folder, and prints it. */
import { differenceOf } from "./differences.mjs";

/** Why a program is refused: errors of the compiler and of snapshots, and reasons that no error says (awaits.mjs). */
const CODE = /\bCF\d{4}\b|^refused: (shared|native|built-ins)/gm;
/** How many levels of folders make a row. */
const DEPTH = 2;

export class Report {
  #rows = new Map();
  #failures = [];
  #parks = 0;
  #out;
  #all;

  /**
   * @param {{ write(text: string): void } | null} out gets a line for each program that was refused or failed
   * @param {boolean} all also what the engine itself does not pass
   */
  constructor(out, all) {
    this.#out = out;
    this.#all = all;
  }

  get failed() {
    return this.#failures.length;
  }

  /** @param {{ mode: string, text?: string, [regime: string]: string }[]} results empty: a program that is not of this kind */
  note(path, results) {
    const row = this.#row(path);
    if (results.length === 0) row.unfit++;
    for (const { mode, text, parks = 0, ...ends } of results) {
      this.#parks += parks;
      const failed = Object.entries(ends).filter(([, end]) => end !== "passed");
      const isForeign = failed.some(([regime]) => regime === "native");
      if (failed.length === 0) row.passed++;
      else if (isForeign) row.foreign++;
      else if (failed.every(([, end]) => end.startsWith("refused"))) this.#refuse(row, failed);
      else if (differenceOf(path) !== null) row.differs++;
      else this.#fail(row, path, mode, failed, text);
      if (this.#all || !isForeign)
        for (const [regime, end] of failed)
          this.#out?.write(`${path}\t${mode}, ${regime}\t${end.replaceAll("\n", " ")}\n`);
    }
  }

  /** A program that took its process with it. */
  noteLost(path, under) {
    this.note(path, [{ mode: "", [under]: "ended its process" }]);
  }

  #refuse(row, failed) {
    row.refused++;
    const codes = new Set(
      failed.flatMap(([, end]) => end.match(CODE) ?? []).map((code) => code.replace("refused: ", "")),
    );
    for (const code of codes) row.codes.set(code, (row.codes.get(code) ?? 0) + 1);
  }

  #fail(row, path, mode, failed, text) {
    row.failed++;
    this.#failures.push({ path, mode, failed, text });
  }

  #row(path) {
    const key = path.split("/").slice(0, DEPTH).join("/");
    let row = this.#rows.get(key);
    if (row === undefined)
      this.#rows.set(
        key,
        (row = { passed: 0, refused: 0, failed: 0, differs: 0, foreign: 0, unfit: 0, codes: new Map() }),
      );
    return row;
  }

  /** @param {string} repeat the options that run these programs again */
  print(repeat, log = console.log) {
    const rows = [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1));
    const total = { passed: 0, refused: 0, failed: 0, differs: 0, foreign: 0, unfit: 0, codes: new Map() };
    for (const [, row] of rows) {
      for (const key of ["passed", "refused", "failed", "differs", "foreign", "unfit"])
        total[key] += row[key];
      for (const [code, count] of row.codes) total.codes.set(code, (total.codes.get(code) ?? 0) + count);
    }
    const width = Math.max(5, ...rows.map(([key]) => key.length));
    log(`${"".padEnd(width)}  passed  failed  differs  not here  refused`);
    for (const [key, row] of [...rows, ["total", total]]) {
      const codes = [...row.codes].sort().map(([code, count]) => `${count} ${code}`);
      const counts = [row.passed, row.failed, row.differs, row.foreign + row.unfit].map((n, i) =>
        String(n).padStart([6, 6, 7, 8][i]),
      );
      const refused = `${String(row.refused).padStart(7)}${codes.length > 0 ? ` (${codes.join(", ")})` : ""}`;
      log(`${key.padEnd(width)}  ${counts.join("  ")}  ${refused}`);
    }
    if (this.#parks > 0) log(`saved and restored ${this.#parks} times`);
    for (const { path, mode, failed, text } of this.#failures) {
      log(`\nfailed: ${path}`);
      for (const [regime, end] of failed) log(`  ${mode}, ${regime}: ${end}`);
      log(`  npm run test262 -- ${repeat} --only ${path}`);
      if (this.#failures.length === 1 && text !== undefined) log(`\n${text}`);
    }
  }
}
