/**
 * What a run has to do with another database is carried out by *errands*: runs of the store's own, claimed, fenced and redone like
 * any other. A turn that reaches beyond its database starts them in its own transaction, so they are there exactly when it is.
 *
 * | errand  | at home with              | begun by           | what it does                                                     |
 * |---------|---------------------------|--------------------|------------------------------------------------------------------|
 * | `deed`  | the run that wants it     | its turn           | starts or cancels a run there, sends an event there; ends        |
 * | `stub`  | the run that waits        | its turn           | makes the proxy; tells it when the wait is over, or the run is    |
 * | `proxy` | what is waited for        | the stub           | waits in its place, and sends what arrives to the run            |
 * | `free`  | a lock                    | a deed             | gives back a place there                                         |
 *
 * The run waits for an event of a key of its own (`answerKey`), whatever it is that it waits for; what the proxy sends there says what
 * it was (`answers.ts`). So whether it arrived is decided in one database only: that of the run.
 *
 * Nothing is done twice and nothing is lost, whenever a process dies: an errand is claimed until it is committed that it is over, and
 * all that it does elsewhere can be done again (a run is started once per id, an event sent once per id). An *event* that a proxy has
 * taken it keeps until it is told that the run has consumed it; when the run has dropped the wait instead, the proxy gives the
 * event back to the next one in line.
 *
 * Stub and proxy end in an order that no late process can turn round: the stub writes `closing`, then tells the proxy, then ends. A
 * proxy that begins looks whether its stub is there and not closing, and otherwise ends at once. So one that a frozen process
 * makes when all is over takes nothing. No stub ends in another way, not even before its first turn: whoever had it before may have
 * made a proxy, or be about to, and died or been frozen before it was written.
 */
import { sha256 } from "../../abi/index.ts";
import {
  type Feed,
  type Holdings,
  type NewEvent,
  type NewRun,
  type Store,
  SYSTEM_GROUP,
} from "../../runtime/engine/store.ts";

/** What is waited for elsewhere. */
export type Thing =
  | { readonly kind: "event"; readonly key: string; readonly schema: string | null }
  | { readonly kind: "end"; readonly run: string; readonly attached: boolean }
  | {
      readonly kind: "place";
      readonly key: string;
      readonly max: number;
      readonly loose: boolean;
      /** What arrives with it. */
      readonly value: string;
    }
  /** A place that a run has to have before it begins. */
  | { readonly kind: "begin"; readonly key: string; readonly max: number };

export type Errand =
  | { readonly kind: "start"; readonly to: number; readonly run: NewRun }
  | { readonly kind: "send"; readonly to: number; readonly event: NewEvent }
  | { readonly kind: "cancel"; readonly to: number; readonly run: string }
  | {
      readonly kind: "stub";
      readonly to: number;
      readonly run: string;
      readonly wait: number;
      readonly thing: Thing;
      /** Started there before the proxy waits for its end. */
      readonly child: NewRun | null;
    }
  | {
      readonly kind: "proxy";
      /** Where the stub is. */
      readonly from: number;
      readonly run: string;
      readonly wait: number;
      readonly thing: Thing;
    }
  | { readonly kind: "free"; readonly run: string; readonly wait: number; readonly key: string };

export type Deed = Extract<Errand, { readonly kind: "start" | "send" | "cancel" }>;
export type Stub = Extract<Errand, { readonly kind: "stub" }>;
export type Proxy = Extract<Errand, { readonly kind: "proxy" }>;
export type Free = Extract<Errand, { readonly kind: "free" }>;

/** Entry of all errands: no module has it. */
export const ERRAND = "~errand";

/** What names of errands and of their keys begin with. */
export const OWN = "~";

/** How a stub tells its proxy, or is told, that all is over: what arrived was consumed, or was not; the place is given back. */
export type Word = "taken" | "dropped" | "released" | "over" | "begin";

/** The wait of a limited run for its place. */
export const BEGINNING = -1;

/** Longer names of runs become a hash, so that a name made of one does not outgrow what a name may be. */
const LONGEST = 400;

const named = (what: string, run: string, wait: number | string): string =>
  `${OWN}${what}/${run.length > LONGEST ? sha256(run) : run}/${wait}`;

export const stubOf = (run: string, wait: number): string => named("stub", run, wait);
export const proxyOf = (run: string, wait: number): string => named("proxy", run, wait);
/** The run that a proxy stands for; null: its name is too long for that. */
export const runOfProxy = (proxy: string): string | null =>
  /^~proxy\/(.*)\/-?\d+$/s.exec(proxy)?.[1]?.replace(/^[0-9a-f]{64}$/, "") || null;
/** Where a run gets what it waits for elsewhere. */
export const answerKey = (run: string, wait: number): string => named("answer", run, wait);
/** Where a stub is told. */
export const stubKey = (run: string, wait: number): string => named("to stub", run, wait);
/** Where a proxy is told. */
export const proxyKey = (run: string, wait: number): string => named("to proxy", run, wait);
/**
 * A run that asks for a place elsewhere has a feed that nothing ever feeds, until it gives the place back: so each park
 * says which ones it had, as it does of those in its own database.
 */
export function feedFor(run: string, wait: number, { key, max }: { key: string; max: number }): Feed {
  const lock = key.length > LONGEST ? sha256(key) : key;
  return { key: `${OWN}place ${max} ${lock}`, to: answerKey(run, wait), which: "next" };
}

/** What the run has, with the places that it has elsewhere. */
export function withPlaces(run: string, holdings: Holdings): Holdings {
  const { places, feeds } = holdings;
  const own = feeds.filter(({ key }) => !key.startsWith(OWN));
  if (own.length === feeds.length) return holdings;
  const elsewhere = feeds.flatMap(({ key: name, to }) => {
    const [, max, key] = /^~place (\d+) (.*)$/s.exec(name) ?? [];
    const wait = Number(/\d+$/.exec(to)?.[0]);
    // A clone has copies of those of another run.
    return key === undefined || to !== answerKey(run, wait) ? [] : [{ wait, key, max: Number(max) }];
  });
  const byWait = (a: { wait: number }, b: { wait: number }) => a.wait - b.wait;
  return { ...holdings, places: [...places, ...elsewhere].sort(byWait), feeds: own };
}

export const deedOf = (run: string, turn: number | string, i: number): string =>
  named("deed", run, `${turn}.${i}`);

export function errandRun(id: string, errand: Errand, limit: NewRun["limit"] = null): NewRun {
  const started = errand.kind === "start" ? errand.run : errand.kind === "stub" ? errand.child : null;
  const tags = started === null ? {} : { starts: started.id };
  return {
    ...{ id, entry: ERRAND, call: JSON.stringify(errand), secret: "", tags, priority: 0 },
    ...{ group: SYSTEM_GROUP, parent: null, limit },
  };
}

/** Whether a run is yet to be started elsewhere by an errand that is at home here. */
export async function isStarting({ read }: Store, run: string): Promise<boolean> {
  const errands = await read.runs({ group: SYSTEM_GROUP, tags: { starts: run } });
  // A stub that has come further has started it.
  return errands.some(({ turn, status }) => turn === 0 && status !== "done");
}

/**
 * A word to a stub, or to a proxy, each of which is said once. It is for the one that is there now: when there is none, nothing of it
 * is kept, and it is forgotten with the one that it was said to, so that the next one of this name can be told the same.
 */
export const wordToStub = (run: string, wait: number, word: Word): NewEvent => ({
  ...{ key: stubKey(run, wait), id: word, payload: word, run: stubOf(run, wait) },
});
export const wordToProxy = (run: string, wait: number, word: Word): NewEvent => ({
  ...{ key: proxyKey(run, wait), id: word, payload: word, run: proxyOf(run, wait) },
});

/** The runs to start in place of one whose place is at home elsewhere: it stands behind its stub in a line of its own. */
export function behindStub(run: NewRun, to: number): readonly NewRun[] {
  const { key, max } = run.limit!;
  const line = { key: named("line", run.id, 1), max: 1 };
  const thing = { kind: "begin", key, max } as const;
  const stub: Stub = { kind: "stub", to, run: run.id, wait: BEGINNING, thing, child: null };
  return [errandRun(stubOf(run.id, BEGINNING), stub, line), { ...run, limit: line, limited: run.limit }];
}
