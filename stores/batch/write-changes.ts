/** What a batch has changed, as statements: one for each table, whatever the number of rows. */
import type { Changes, EventRecord } from "./records.ts";
import { type Row, tagsOf } from "./rows.ts";

export type ChangeName =
  | "setStates"
  | "insertRuns"
  | "setRuns"
  | "insertEnds"
  | "forgetRuns"
  | "dropOpenings"
  | "dropArrivals"
  | "insertArrivals"
  | "dropAttempts"
  | "setAttempts"
  | "unsubscribe"
  | "subscribe"
  | "dropOnce"
  | "dropFeeds"
  | "feed"
  | "setEvents"
  | "dropPlaces"
  | "insertPlaces"
  | "follow"
  | "dropReferences"
  | "addChunks"
  | "refer"
  | "addCodes"
  | "keepParks"
  | "dropParks"
  | "dropChunksFromParks"
  | "dropPastChunks"
  | "setHistories"
  | "setLimits"
  | "addLines";

export type ListName = "grant" | "dropChunks" | "raiseRuns" | "raiseStates";

/** Writes the rows of one batch, in the order in which they are given. */
export interface ChangeWriter {
  /** Writes these at once. @returns `seq`, `key` and `id` of each */
  insertEvents(events: readonly EventRecord[], now: number): Promise<readonly Row[]>;
  /**
   * Nothing when there are no rows.
   * @param names of columns, in the order of the statement's parameters @param first parameters before them
   */
  all<R>(name: ChangeName, rows: readonly R[], names: readonly (keyof R)[], first?: readonly unknown[]): void;
  /** The same, of which each row has to find its own. */
  exactly<R>(
    name: ChangeName,
    rows: readonly R[],
    names: readonly (keyof R)[],
    first: readonly unknown[],
  ): void;
  list(name: ListName, values: readonly (string | number)[]): void;
  /** False: one did not find its rows. */
  end(): Promise<boolean>;
}

/** @param now in ms @returns false when a row is not as it was loaded */
export async function writeChanges(writer: ChangeWriter, changes: Changes, now: number): Promise<boolean> {
  const { events } = changes;
  // Arrivals name the events that they are.
  if (events.length > 0) {
    const rows = await writer.insertEvents(events, now);
    const seqs = new Map(rows.map(({ seq, key, id }) => [`${key}\n${id}`, seq as number]));
    for (const event of events) event.seq = seqs.get(`${event.key}\n${event.id}`)!;
  }
  // Before the row that is kept, and what goes with it, is changed.
  writer.all("dropParks", changes.droppedParks, ["n", "turn"]);
  const parks = [...new Set(changes.parks)].map((n) => ({ n }));
  writer.all("keepParks", parks, ["n"]);
  const { created } = changes;
  const fresh = new Set(created.map(({ record }) => record.n));
  const all = [...changes.states.values()];
  const columns = ["n", "epoch", "turn", "body"] as const;
  writer.exactly(
    "setStates",
    all.filter(({ n }) => !fresh.has(n)),
    columns,
    [now],
  );
  if (created.length > 0) {
    const rows = created.map(({ run, record }) => ({
      ...run,
      ...record,
      tags: tagsOf(run.tags),
    }));
    const names = ["n", "id", "entry", "priority", "call", "secret", "tags", "parent", "group"] as const;
    const states = ["status", "due", "news", "told", "cancel"] as const;
    writer.exactly("insertRuns", rows, [...names, ...states], [now]);
    const kept = created.filter(({ run }) => run.history);
    writer.all(
      "setHistories",
      kept.map(({ run, record }) => ({ n: record.n, keep: run.history! })),
      ["n", "keep"],
    );
    writer.exactly(
      "setStates",
      all.filter(({ n }) => fresh.has(n)),
      columns,
      [now],
    );
  }
  writer.all("setLimits", changes.limits, ["n", "key", "max"]);
  const isNew = new Set(created.map(({ record }) => record));
  const runs = [...changes.runs].filter((run) => !isNew.has(run)).sort((a, b) => a.n - b.n);
  writer.all("setRuns", runs, [
    ...([
      "n",
      "group",
      "status",
      "due",
      "worker",
      "news",
      "told",
      "cancel",
      "reason",
      "needs",
      "deaths",
      "build",
      "bound",
    ] as const),
  ]);
  const ends = changes.ends.map(({ n, id, end }) => ({ n, id, value: end.value }));
  writer.all("insertEnds", ends, ["n", "value"], [now]);
  writer.all("dropOpenings", ends, ["n", "id"]);
  writer.all("dropArrivals", changes.droppedArrivals, ["n", "wait"]);
  const arrivals = [...changes.arrivals].map((arrival) => ({
    ...arrival,
    event: arrival.event?.seq ?? null,
  }));
  writer.all("insertArrivals", arrivals, ["n", "wait", "threw", "value", "event"]);
  writer.all("dropAttempts", changes.droppedAttempts, ["n", "wait"]);
  writer.all(
    "setAttempts",
    [...changes.attempts.values()],
    ["n", "wait", "made", "due", "error", "since", "begun", "progress"],
  );
  writer.all("unsubscribe", changes.unsubscribed, ["key", "n", "wait"]);
  writer.all("subscribe", [...changes.subscriptions], ["key", "n", "wait", "schema"]);
  writer.all("dropOnce", changes.droppedOnce, ["n", "target"]);
  writer.all("dropFeeds", changes.droppedFeeds, ["key", "n", "target"]);
  writer.all("feed", changes.feeds, ["key", "n", "target", "once"]);
  writer.all("setEvents", [...changes.changedEvents], ["seq", "taken", "payload"]);
  writer.all("dropPlaces", changes.droppedPlaces, ["n", "wait"]);
  const places = ["key", "n", "wait", "max", "loose", "value", "held"] as const;
  writer.all("insertPlaces", [...changes.places], [...places]);
  if (changes.granted.length > 0)
    writer.list(
      "grant",
      changes.granted.map(({ seq }) => seq!),
    );
  writer.all("follow", [...changes.followers], ["run", "n", "wait", "attached"]);
  writer.all("dropReferences", changes.droppedReferences, ["n", "hash"]);
  writer.all("dropPastChunks", changes.droppedPastChunks, ["n", "hash"]);
  writer.all("dropChunksFromParks", changes.pastChunks, ["n", "hash", "until"]);
  const dropped = [...changes.droppedReferences, ...changes.droppedPastChunks].map(({ hash }) => hash);
  if (dropped.length > 0) writer.list("dropChunks", dropped);
  const chunks = [...changes.chunks.values()].map(({ hash, body }) => ({
    hash,
    body:
      typeof body === "string" ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.length),
    is_text: typeof body === "string",
  }));
  writer.all("addChunks", chunks, ["hash", "body", "is_text"]);
  writer.all("refer", changes.references, ["n", "hash"]);
  const codes = [...changes.codes].map(([key, body]) => ({ key, body }));
  writer.all("addCodes", codes, ["key", "body"]);
  writer.all("addLines", changes.journal, ["n", "turn", "what", "by", "detail"], [now]);
  const forgotten = changes.ends.filter(({ end }) => end.forgotten);
  writer.all("forgetRuns", forgotten, ["n", "id"]);
  if (changes.overruled.length > 0) {
    writer.list("raiseRuns", changes.overruled);
    writer.list("raiseStates", changes.overruled);
  }
  return writer.end();
}
