/** What a program holds only under an engine, with more data, or in another engine of JavaScript: for the golden corpus. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../../compiler/index.ts";
import * as machineDoor from "../../runtime/machine/index.ts";
import { $delay, external, machine, StepWait, type Wait } from "../../runtime/machine/index.ts";
import { resource } from "../../runtime/snapshot/index.ts";
import { root } from "../fixtures/workshop.ts";
import { event } from "./programs.ts";

interface Held {
  readonly kind: Wait["kind"];
  readonly make: () => unknown;
  readonly value: unknown;
}

const wait = (make: (id: number) => Wait) => () => {
  const run = machine.run!;
  return external(run, make(run.nextId++));
};
const at = "flows.ts:9";

/** External waits, each with what answers it. */
export const waits: Readonly<Record<string, Held>> = {
  lock: {
    kind: "lock",
    make: wait((id) => ({ kind: "lock", id, key: "seats", max: 4, loose: false, at })),
    value: undefined,
  },
  "lock that outlives its run": {
    kind: "lock",
    make: wait((id) => ({ kind: "lock", id, key: "seats", max: 1, loose: true, at: "" })),
    value: null,
  },
  "child run": {
    kind: "child",
    make: wait((id) => ({ kind: "child", id, run: "child-1", attached: true, at, start: null })),
    value: { total: 5 },
  },
  "detached child run": {
    kind: "child",
    make: wait((id) => ({ kind: "child", id, run: "child-2", attached: false, at: "", start: null })),
    value: "done",
  },
  timer: { kind: "timer", make: wait((id) => ({ kind: "timer", id, due: 1e12, at })), value: undefined },
  "timer of a promise": {
    kind: "timer",
    make: () => $delay(5, "later"),
    value: "later",
  },
  event: {
    kind: "event",
    make: wait((id) => ({ kind: "event", id, key: "approve:T1", due: 5e11, at })),
    value: true,
  },
  step: {
    kind: "step",
    make: wait((id) => new StepWait(id, "systems.ts#charge", '[[],[[["card",12]]]]', at)),
    value: 12n,
  },
};

/** Values over the threshold at which they are cut into chunks. */
export const large: Readonly<Record<string, () => unknown>> = {
  text: () => "a long text 😀\n".repeat(9000),
  data: () =>
    Array.from({ length: 4000 }, (_, i) => ({ i, name: `item ${i}`, odd: i % 2 === 0 ? null : -0 })),
  numbers: () => Array.from({ length: 20_000 }, (_, i) => i * 7),
  bytes: () => Uint8Array.from({ length: 200_000 }, (_, i) => (i >> 8) & 255),
};

const SLOPPY = "fixtures/snapshots/sloppy.cjs";
resource("corpus.event", event);

/** The program of a sloppy function, whose parameters and arguments object are one. */
export function sloppy(): (...args: never[]) => unknown {
  const source = readFileSync(join(root, SLOPPY), "utf8");
  const { code } = compile(source, {
    filename: SLOPPY,
    moduleId: SLOPPY,
    sourceType: "commonjs",
    mark: "all",
  });
  const exports: { program?: () => unknown } = {};
  new Function("require", "exports", code!)(() => machineDoor, exports);
  return exports.program!;
}

/** What the getters of an object say. */
export function fields(object: object): Record<string, string> {
  const all = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(object) as object);
  const getters = Object.entries(all).filter(([, { get }]) => get !== undefined);
  return Object.fromEntries(getters.map(([key, { get }]) => [key, String(get!.call(object))]));
}

interface Temporals {
  readonly [name: string]: { new (...fields: unknown[]): object; from(text: string): object };
}

/** One of each class of `Temporal`, and those that a text alone would not bring back. */
export function temporal(): object[] {
  const all = (globalThis as unknown as { readonly Temporal: Temporals }).Temporal;
  const from = (name: string, text: string) => all[name]!.from(text);
  return [
    from("Instant", "2024-05-01T08:00:00.123456789Z"),
    from("ZonedDateTime", "2024-10-27T02:30:00+01:00[Europe/Berlin][u-ca=gregory]"),
    from("ZonedDateTime", "1969-07-20T20:17:40Z[UTC]"),
    from("PlainDate", "2024-02-29"),
    from("PlainDate", "2024-02-29[u-ca=japanese]"),
    from("PlainDateTime", "-000400-01-01T23:59:59.000000001"),
    from("PlainTime", "00:00:00.5"),
    from("PlainYearMonth", "2024-05"),
    from("PlainMonthDay", "02-29"),
    new all["Duration"]!(0, 0, 0, 0, 0, 90, 0, 1500, 0, 7),
    new all["Duration"]!(-1, -2),
  ];
}
