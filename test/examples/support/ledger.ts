/**
 * Other people's systems as one append-only file. `ledgerFetch` stands in for `fetch`: it notes each request and each
 * answer before anything else happens, so that what was asked for survives the death of the process. Answers depend
 * on the file only: a repeated idempotency key gets the answer it got before, in whatever process.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";

export interface Entry {
  /** `->` a request, `<-` its answer, `--` a process, or one that lost its lease, has begun. */
  readonly kind: "->" | "<-" | "--";
  /** `system.operation`. */
  readonly op: string;
  readonly key: string;
  /** Arguments or answer. */
  readonly value: unknown;
  readonly ok: boolean;
}

/** How the systems behave. Lines are written `-> op` and `<- op`. */
export interface Plan {
  /** What operations answer; those not named answer null. */
  readonly answers: Readonly<Record<string, unknown>>;
  /** Messages with which the first calls of an operation are refused. */
  readonly refusals: Readonly<Record<string, readonly string[]>>;
  /** An operation answers only once this line is in the ledger. Makes the order the same on machines of any speed. */
  readonly gates: Readonly<Record<string, string>>;
}

export function readLedger(file: string): Entry[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Entry);
}

export function append(file: string, entry: Entry): void {
  appendFileSync(file, `${JSON.stringify(entry)}\n`);
}

/** One line of a trace as people read it: without idempotency keys, and without the keys of events, which are random. */
export function traceLine(entry: Entry): string {
  return lineOf(entry).replace(/"key":"[^"]*"/, '"key":"…"');
}

/** The line with everything that was said. */
export function lineOf({ kind, op, value, ok }: Entry): string {
  if (kind === "->") return `-> ${op} ${JSON.stringify(value)}`;
  if (!ok) return `<- ${op} ! ${value}`;
  return value === null ? `<- ${op}` : `<- ${op} = ${JSON.stringify(value)}`;
}

/**
 * @param file the ledger
 * @param onRequest told of each request once it is in the ledger
 */
export function ledgerFetch(
  file: string,
  plan: Plan,
  onRequest: (op: string, args: never) => void = () => {},
): typeof fetch {
  let opened = new Set(readLedger(file).map(({ kind, op }) => `${kind} ${op}`));
  let waiting: { line: string; go: () => void }[] = [];
  let unnamed = 0;
  const note = (entry: Entry) => {
    append(file, entry);
    opened = opened.add(`${entry.kind} ${entry.op}`);
    const free = waiting.filter(({ line }) => opened.has(line));
    waiting = waiting.filter(({ line }) => !opened.has(line));
    for (const { go } of free) go();
  };
  const gate = (line: string | undefined) =>
    line === undefined || opened.has(line)
      ? undefined
      : new Promise<void>((go) => waiting.push({ line, go }));

  return async (input, init) => {
    const url = new URL(String(input));
    const op = `${url.hostname}${url.pathname.replace("/", ".")}`;
    const key = new Headers(init?.headers).get("idempotency-key") || `call ${++unnamed}`;
    const value: unknown = JSON.parse(String(init?.body));
    note({ kind: "->", op, key, value, ok: true });
    onRequest(op, value as never);
    await gate(plan.gates[op]);
    const answer = answerOf(readLedger(file), plan, op, key);
    note({ kind: "<-", op, key, ...answer });
    return answer.ok ? Response.json(answer.value) : Response.json({ error: answer.value }, { status: 422 });
  };
}

function answerOf(
  ledger: readonly Entry[],
  plan: Plan,
  op: string,
  key: string,
): { value: unknown; ok: boolean } {
  const before = ledger.find((entry) => entry.kind === "<-" && entry.key === key);
  if (before !== undefined) return { value: before.value, ok: before.ok };
  const calls = [
    ...new Set(ledger.filter((entry) => entry.kind === "->" && entry.op === op).map((one) => one.key)),
  ];
  const refusal = plan.refusals[op]?.[calls.indexOf(key)];
  return refusal === undefined
    ? { value: plan.answers[op] ?? null, ok: true }
    : { value: refusal, ok: false };
}
