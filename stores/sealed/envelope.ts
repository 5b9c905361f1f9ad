/**
 * Texts and bytes sealed by a row of seals: `sealed gzip+aes-gcm BASE64`, the names in the order in which they sealed.
 *
 * Each is bound to its place: the names, what kind of text it is, and of which run. A text that was put into another place
 * does not open. Only rows of seals that were asked for are opened: otherwise whoever writes to the database could leave the key out.
 */
import { ColdframeError } from "../../runtime/errors.ts";
import { fromBase64, sealsOf, toBase64, unopened } from "../../runtime/snapshot/index.ts";
import { type Bytes, changed, type Seal, wrongOption } from "./seal.ts";

/** What a text is. Values move between runs and are bound to none. */
export type Kind = "call" | "secret" | "state" | "value" | "error" | "progress" | "chunk";

/** Of a text that is bound to no run. */
export const NOBODY = "";

type Row = readonly Seal[];

export class Envelope {
  readonly #seals: Row;
  readonly #rows = new Map<string, Row>();

  /**
   * @param before rows of seals that are opened, too
   * @throws ColdframeError CF2301
   */
  constructor(seals: Row, before: readonly Row[]) {
    this.#seals = seals;
    for (const row of [seals, ...before]) {
      if (!Array.isArray(row) || !row.every(isSeal))
        throw wrongOption(
          "sealed()",
          row === seals ? "seals" : "before",
          "seals, as aesGcm() makes them, in a list",
        );
      const name = nameOf(row);
      if (this.#rows.has(name))
        throw wrongOption(
          "sealed()",
          "before",
          `other seals than "${name}" again. An old key belongs to "keys" of the seal`,
        );
      this.#rows.set(name, row);
    }
  }

  /** Nothing is done to new texts. */
  get isPlain(): boolean {
    return this.#seals.length === 0;
  }

  /** @param of the run that it belongs to, or `NOBODY` */
  async seal(text: string, kind: Kind, of: string): Promise<string> {
    const name = nameOf(this.#seals);
    if (name === "") return text;
    let bytes: Bytes = new TextEncoder().encode(text);
    const context = contextOf(name, kind, of);
    for (const seal of this.#seals) bytes = await seal.seal(bytes, context);
    return `sealed ${name} ${toBase64(bytes)}`;
  }

  /**
   * @param of the runs that it may belong to
   * @throws ColdframeError CF2201, CF2202, CF2203
   */
  async open(text: string, kind: Kind, of: readonly string[]): Promise<string> {
    const name = sealsOf(text) ?? "";
    const row = this.#rows.get(name);
    if (row === undefined) throw this.#otherSeals(name, kind, of[0]!);
    if (name === "") return text;
    for (const [i, run] of of.entries()) {
      try {
        return await unpack(text.slice(`sealed ${name} `.length), row, contextOf(name, kind, run));
      } catch (error) {
        if (i === of.length - 1) throw placed(error, kind, of[0]!);
      }
    }
    throw changed("it belongs to nobody");
  }

  /** The same, but a text that cannot be opened stands for the reason: whoever decodes it gets that. */
  async openOrSay(text: string, kind: Kind, of: readonly string[]): Promise<string> {
    try {
      return await this.open(text, kind, of);
    } catch (error) {
      return unopened(asRefusal(error));
    }
  }

  #otherSeals(name: string, kind: Kind, run: string): ColdframeError {
    const known = [...this.#rows.keys()].map((one) => one || "nothing").join(" or ");
    const found = name === "" ? "is not sealed" : `was sealed with ${name}`;
    const way = name === "" ? "[]" : `[${name.replaceAll("+", ", ")}]`;
    return new ColdframeError(
      "CF2201",
      `${describe(kind, run)} ${found}, and only what was sealed with ${known} is opened here. If it was written before that was so, say it: sealed(store, seals, { before: [${way}] })`,
    );
  }
}

async function unpack(data: string, row: Row, context: Bytes): Promise<string> {
  let bytes: Bytes;
  try {
    bytes = fromBase64(data);
  } catch (error) {
    throw changed("it is no base64", error);
  }
  for (const seal of row.toReversed()) bytes = await seal.open(bytes, context);
  return new TextDecoder().decode(bytes);
}

/** The error with its place. What a seal of a user throws becomes CF2203. */
function placed(error: unknown, kind: Kind, run: string): ColdframeError {
  const { code, message, cause } = asRefusal(error);
  const at = message.indexOf(": ");
  const why = at < 0 ? "" : message.slice(at + 2);
  const hint =
    code === "CF2203"
      ? ". Restore the row from a backup; if a key was replaced under the same id, give the old one"
      : "";
  return new ColdframeError(code, `${describe(kind, run)}: ${why}${hint}`, { cause });
}

const words: Readonly<Record<Kind, string>> = {
  call: "the call",
  secret: "the secret",
  state: "the snapshot",
  value: "a value",
  error: "an error",
  progress: "the progress of a step",
  chunk: "a part of a large value",
};

/** What is thrown for a text, by a seal of a user, too, as an error of coldframe. */
export function asRefusal(error: unknown): ColdframeError {
  return error instanceof ColdframeError
    ? error
    : changed(error instanceof Error ? error.message : String(error), error);
}

function describe(kind: Kind, run: string): string {
  if (run === NOBODY) return words[kind];
  if (kind === "chunk") return `${words[kind]} ("${run}")`;
  return `${words[kind]} of ${run.startsWith("\n") ? "schedule" : "run"} "${run.trim()}"`;
}

function nameOf(row: Row): string {
  return row.map(({ name }) => name).join("+");
}

/** Neither a name nor a kind holds a line break. */
function contextOf(name: string, kind: Kind, run: string): Bytes {
  return new TextEncoder().encode(`coldframe ${name}\n${kind}\n${run}`);
}

function isSeal(seal: Partial<Seal> | null | undefined): boolean {
  return (
    /^[\w.-]+$/.test(seal?.name ?? "") && typeof seal?.seal === "function" && typeof seal.open === "function"
  );
}
