/** What the tour prints: headings, the trace of the systems, and one line that moves while there is nothing to say. */

const terminal = process.stdout.isTTY === true;
const coloured = terminal && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb";
const paint = (code: number) => (text: string) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);
const bold = paint(1);
const dim = paint(2);
const green = paint(32);
const red = paint(31);

/** A trace line is cut behind this many characters, so that it fits 80 columns. */
const WIDEST = 62;

const begun = Date.now();
let waiting: { text: string; timer: ReturnType<typeof setInterval> } | undefined;

export function print(line = ""): void {
  if (terminal && waiting !== undefined) process.stdout.write("\r\u001b[K");
  process.stdout.write(`${line}\n`);
}

export function title(text: string): void {
  print(`\n${bold(text)}`);
}

export function say(text: string): void {
  print(`  ${text}`);
}

/** Something that happened to a process. */
export function event(who: string, what: string, good = true): void {
  print(`  ${bold(who.padEnd(13))} ${good ? green(what) : red(what)}`);
}

/** A line of a system's trace: requests point right, answers left. */
export function trace(system: string, line: string): void {
  const answer = line.startsWith("<-");
  const said = line.length > WIDEST ? `${line.slice(3, WIDEST)}…` : line.slice(3);
  const text = `${answer ? "<──" : "──>"} ${said}`;
  print(`  ${dim(seconds().padStart(6))}  ${system.padEnd(6)}${answer ? dim(text) : text}`);
}

/** Text of another program, indented. */
export function quote(text: string): void {
  for (const line of text.trimEnd().split("\n")) print(`  ${dim("│")} ${line}`);
}

/** Shows `text` with the time that has passed until the returned function is called. On no terminal: once. */
export function progress(text: string): () => void {
  const since = Date.now();
  if (!terminal) {
    print(`  ${" ".repeat(6)}  … ${text}`);
    return () => {};
  }
  const frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
  const draw = () => {
    const passed = Date.now() - since;
    const frame = frames[Math.floor(passed / 80) % frames.length];
    process.stdout.write(`\r\u001b[K  ${frame} ${text} ${dim(`${(passed / 1000).toFixed(1)} s`)}`);
  };
  waiting = { text, timer: setInterval(draw, 80) };
  draw();
  return () => {
    clearInterval(waiting?.timer);
    waiting = undefined;
    process.stdout.write("\r\u001b[K");
  };
}

export function seconds(): string {
  return `${((Date.now() - begun) / 1000).toFixed(1)} s`;
}
