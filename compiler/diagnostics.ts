/** Every message of the compiler: one typed table, a collector, and the layout in which a person reads them. */
import type * as t from "@babel/types";

export const diagnosticTitles = {
  CF1001: "the source cannot be parsed",
  CF1002: "a directive stands on a function that is not async",
  CF1003: "a directive stands where it has no effect",
  CF1004: "a directive is misspelt",
  CF1005: "a step needs more of the function around it than copies of values",
  CF1006: "a function cannot be a workflow and a step at once",
  CF1010: "with statements cannot be compiled",
  CF1011: "direct eval cannot be compiled",
  CF1012: "this form is not compiled yet",
  CF1013: "a suspend point cannot be pinned",
} as const;

export type DiagnosticCode = keyof typeof diagnosticTitles;

export interface Diagnostic {
  readonly code: DiagnosticCode;
  /** `error`: the author has to change something. `warning`: the file was left as it is. */
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly file: string;
  /** 1-based */
  readonly line: number;
  /** 0-based */
  readonly column: number;
  /** The author's line. */
  readonly excerpt: string;
}

export class Diagnostics {
  readonly list: Diagnostic[] = [];
  readonly #source: string;
  readonly #file: string;

  constructor(source: string, file: string) {
    this.#source = source;
    this.#file = file;
  }

  /** @param advice what happened to which part of the author's code, and what to write instead */
  error(
    code: DiagnosticCode,
    at: t.SourceLocation | t.Node | null | undefined,
    advice: string,
    severity: Diagnostic["severity"] = "error",
  ): void {
    const loc = at !== null && at !== undefined && "type" in at ? at.loc : at;
    const line = loc?.start.line ?? 1;
    this.list.push({
      code,
      severity,
      message: `${diagnosticTitles[code]}: ${advice}`,
      file: this.#file,
      line,
      column: loc?.start.column ?? 0,
      excerpt: (this.#source.split("\n")[line - 1] ?? "").trim().slice(0, 160),
    });
  }

  get failed(): boolean {
    return this.list.some((one) => one.severity === "error");
  }
}

/** The text that a plugin prints: code and title, place and the author's line. */
export function formatDiagnostic(one: Diagnostic): string {
  return `${one.code} ${one.message}\n  ${one.file}:${one.line}:${one.column + 1}    ${one.excerpt}`;
}

/** Thrown by the plugins when a module cannot be compiled. Its text is the diagnostics; no stack would say more. */
export class CompileError extends Error {
  declare readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join("\n"));
    this.name = "CompileError";
    this.stack = `${this.name}: ${this.message}`;
    Object.defineProperty(this, "diagnostics", { value: diagnostics, enumerable: false });
  }
}
