/**
 * Where the main thread is, asked from another one while it is blocked: V8's inspector stops it for some milliseconds, at the next
 * instruction of its JavaScript. Nothing is opened to the outside. A thread that waits in native code is not stopped before it returns.
 */
import { readFileSync } from "node:fs";
import type { Debugger, Session } from "node:inspector";
import { SourceMap } from "node:module";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/** A function that is being called. */
export interface Frame {
  /** Of the function; may be empty. */
  readonly name: string;
  /** Path from where the process was started, in the source. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

type Script = Pick<Debugger.ScriptParsedEventDataType, "url" | "sourceMapURL">;

/** Frames that are told, at most. */
const MOST = 10;

/**
 * Asks where the main thread is.
 * @param ms after so long without an answer, nothing is known
 * @returns what is called there, the innermost first: files only, no code of the platform. Null: it cannot be asked, as without an
 *   inspector, or while somebody debugs it; or it did not answer
 */
export async function stackOfMain(ms: number): Promise<readonly Frame[] | null> {
  let session: Session | null = null;
  try {
    const inspector = await import("node:inspector");
    // Whoever debugs it would see it stop.
    if (inspector.url() !== undefined) return null;
    session = new inspector.Session();
    session.connectToMainThread();
    return await stop(session, ms);
  } catch {
    return null;
  } finally {
    session?.disconnect();
  }
}

function stop(session: Session, ms: number): Promise<readonly Frame[] | null> {
  return new Promise((resolve) => {
    const scripts = new Map<string, Script>();
    const timer = setTimeout(() => resolve(null), ms);
    session.on("Debugger.scriptParsed", ({ params }) => scripts.set(params.scriptId, params));
    session.on("Debugger.paused", ({ params }) => {
      session.post("Debugger.resume");
      clearTimeout(timer);
      resolve(framesOf(params.callFrames, scripts));
    });
    session.post("Debugger.enable");
    session.post("Debugger.pause");
  });
}

function framesOf(
  calls: readonly Debugger.CallFrame[],
  scripts: ReadonlyMap<string, Script>,
): readonly Frame[] {
  const frames: Frame[] = [];
  for (const { functionName, location } of calls) {
    const script = scripts.get(location.scriptId);
    if (script === undefined || !script.url.startsWith("file:") || frames.length === MOST) continue;
    const { lineNumber, columnNumber = 0 } = location;
    const file = relative(process.cwd(), fileURLToPath(script.url));
    const place = inSource(script, lineNumber, columnNumber) ?? { line: lineNumber, column: columnNumber };
    frames.push({ name: functionName, file, line: place.line + 1, column: place.column + 1 });
  }
  return frames;
}

/** From 0. Undefined: it has no source map, or one that says nothing of this place. */
function inSource(
  { url, sourceMapURL }: Script,
  line: number,
  column: number,
): { readonly line: number; readonly column: number } | undefined {
  if (sourceMapURL === undefined || sourceMapURL === "") return undefined;
  try {
    const entry = new SourceMap(JSON.parse(textOf(new URL(sourceMapURL, url)))).findEntry(line, column);
    return "originalLine" in entry ? { line: entry.originalLine, column: entry.originalColumn } : undefined;
  } catch {
    return undefined;
  }
}

function textOf(url: URL): string {
  if (url.protocol !== "data:") return readFileSync(url, "utf8");
  const comma = url.href.indexOf(",");
  const body = url.href.slice(comma + 1);
  return url.href.slice(0, comma).endsWith(";base64")
    ? Buffer.from(body, "base64").toString()
    : decodeURIComponent(body);
}
