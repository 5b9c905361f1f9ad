/** What a command is: its place in the help, its arguments, and what it does. */
import type { ArgsDef } from "citty";
import type { Style } from "./render/style.ts";

/** Everything of the process that a command may use. */
export interface Terminal {
  /** Writes a text and a line end to the output. */
  readonly print: (text: string) => void;
  /** Writes to the error output: progress and warnings, never what was asked for. */
  readonly warn: (text: string) => void;
  /** Width of the output in characters. */
  readonly width: number;
  readonly style: Style;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Invocation {
  /** Values of options and positional arguments by name; undefined when not given. */
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  /** Positional arguments behind the named ones. */
  readonly rest: readonly string[];
  /** Machines read the output. */
  readonly json: boolean;
  /** The database, as given. */
  readonly store: string;
  /** The module that seals a store, as given; null when there is none. */
  readonly seal: string | null;
}

export interface Page {
  readonly name: string;
  readonly summary: string;
  readonly args: ArgsDef;
  /** Name of further positional arguments, when the command takes any number of them. */
  readonly rest?: string;
  readonly examples: readonly string[];
  readonly notes?: readonly string[];
  /** Resolves to the exit code; nothing is 0. */
  readonly run: (invocation: Invocation, terminal: Terminal) => Promise<number | void>;
}

/** Options of every command. */
export const globals: ArgsDef = {
  store: {
    type: "string",
    valueHint: "database",
    description: "file or URL (default: COLDFRAME_STORE, or coldframe.db)",
  },
  seal: {
    type: "string",
    valueHint: "module",
    description: "its export seal seals a store (default: COLDFRAME_SEAL)",
  },
  json: { type: "boolean", description: "output for machines" },
};
