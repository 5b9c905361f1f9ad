/**
 * Going on from a park: a fork is another run that begins there, a rewind sets the run itself back.
 *
 * | what the run had at the park | a fork                                              | a rewind                                                |
 * |------------------------------|-----------------------------------------------------|---------------------------------------------------------|
 * | steps pending                | are called anew, with keys of their own             | are called again, with the same keys: it is the same call |
 * | calls made since             | are made again, with keys of their own              | are made again, with new keys: their arguments may differ |
 * | events awaited               | generated keys become its own; named ones are shared | are awaited again under the same keys                   |
 * | events consumed since        | are the other run's                                 | are not sent again                                      |
 * | events not consumed yet      | stay with the other run                             | are found again                                         |
 * | timers, deadlines            | keep their times; those missed fire at once         | the same                                                |
 * | children awaited             | are awaited by both, and end with the other one only | are awaited again                                       |
 * | children started since       | are the other run's                                 | are cancelled, unless detached or of an id of their own  |
 * | locks held                   | refused: two would be inside                        | kept; refused when it has given one back since          |
 * | locks taken since            | are the other run's                                 | are given back                                          |
 * | the group it belonged to     | is the fork's                                       | is its own again                                        |
 * | its limit                    | is the fork's, which stands in line for a place     | it has its place                                        |
 *
 * Ids of waits name calls, so none is handed out twice: a run that is set back goes on counting where it was.
 */
import { ColdframeError } from "../errors.ts";
import { nextIdOf, quote, savedWaits, withChildrenLetGo, withNames, withNextId } from "../snapshot/index.ts";
import { ownChannel } from "./channel.ts";
import { childId } from "./child.ts";
import { eventKey, isGenuine } from "./event.ts";
import { encodeLock } from "./lock.ts";
import { type FoundPark, hasEnded, parkAt } from "./parks.ts";
import { randomId } from "./random-id.ts";
import type {
  Chunk,
  Feed,
  Following,
  NewRun,
  RunDetail,
  Store,
  Subscription,
  Turn,
  WaitInfo,
} from "./store.ts";
import { NONE, TurnRecord } from "./turn-record.ts";

/** Ids that a turn which was never recorded may have handed out, as parts of event keys. */
const UNRECORDED = 1000;
/** A run that writes so many turns while it is looked at is to be suspended first. */
const TRIES = 20;
/** Of a clone, which asks less. */
const CLONE_TRIES = 200;

/** What stays while a fork takes it over: its names. */
interface Names {
  readonly id: string;
  readonly secret: string;
}

export interface ForkRequest {
  readonly id: string;
  readonly at: number | undefined;
  readonly by: string;
}

/**
 * @param to id of the new run, and how many parks it keeps; null: as many as this one, or when that keeps none, `usual`
 * @returns false: there is a run of this id
 * @throws ColdframeError CF3101, CF3120, CF3121
 */
export async function forkRun(
  store: Store,
  { id, at, by }: ForkRequest,
  to: { readonly id: string; readonly history: number | null; readonly usual: number },
): Promise<boolean> {
  const from = await detailOf(store, id);
  const park = await parkAt(store, from, at);
  const locks = heldIn(park);
  if (locks.length > 0)
    throw new ColdframeError(
      "CF3121",
      `"${id}" held ${named(locks)} at turn ${park.turn}, and a fork would be inside at the same time. Fork it at a park before that`,
    );
  const secret = randomId();
  const rename = renamer(from, { id: to.id, secret }, park);
  const snapshot = withChildrenLetGo(withNames(park.snapshot, rename));
  const { entry, call, tags, priority } = from;
  const group = park.holdings.group ?? from.group;
  const cancel = park.holdings.cancel === "under way" ? "under way" : "no";
  // What is being cancelled waits for no place.
  const limit = cancel === "no" ? from.limit : null;
  const history = to.history ?? (from.history > 0 ? from.history : to.usual);
  const run: NewRun = {
    ...{ id: to.id, entry, call, secret, tags, priority, group, history },
    parent: null,
    limit,
    limited: from.limit,
  };
  const turn = new TurnRecord({ id: to.id, epoch: 0, turn: 0, news: 0, history }, "");
  turn.snapshot = snapshot;
  turn.waits = rename(JSON.stringify(park.waits));
  turn.due = 0;
  turn.feeds = JSON.parse(rename(JSON.stringify(park.holdings.feeds))) as Feed[];
  await register(store, turn, false);
  // In line it waits for nothing that could let it go on before it has a place: that is registered when it does.
  if (limit !== null) Object.assign(turn, { waits: "[]", subscribe: NONE, follow: NONE, acquire: NONE });
  turn.chunks = { added: await chunksOf(store, id, park), dropped: [] };
  const detail = JSON.stringify({ run: id, turn: park.turn });
  return store.fork(run, { turn, line: { what: "fork", by, detail }, cancel });
}

/** @returns number of the turn it makes. @throws ColdframeError CF3101, CF3120, CF3121 */
export async function rewindRun(store: Store, { id, at, by }: ForkRequest): Promise<number> {
  let wanted = at;
  for (let tries = 0; tries < TRIES; tries++) {
    const run = await detailOf(store, id);
    if (hasEnded(run))
      throw new ColdframeError(
        "CF3121",
        `"${id}" has ended, and those who waited for it know. Fork it: coldframe fork ${id}`,
      );
    const park = await parkAt(store, run, wanted);
    // It may go on before it is set back: what was meant is this one.
    wanted = park.turn;
    const turn = await turnBackTo(store, run, park);
    const cancel = park.holdings.cancel === "under way" ? "under way" : "no";
    const line = { what: "rewind", by, detail: JSON.stringify({ to: park.turn }) } as const;
    if (await store.overrule({ turn, line, cancel })) return turn.turn;
  }
  throw new ColdframeError(
    "CF3121",
    `"${id}" wrote a turn each time that it was to be set back. Suspend it first: coldframe suspend ${id}`,
  );
}

/**
 * The same from where it stands now, with what has arrived there. Children that it awaits end with the run that started them, and not
 * with the clone.
 * @throws ColdframeError CF3101, CF3106, CF3121
 */
export async function cloneRun(store: Store, id: string, to: string): Promise<void> {
  const secret = randomId();
  for (let tries = 0; tries < CLONE_TRIES; tries++) {
    const run = await detailOf(store, id);
    if (!hasEnded(run)) await checkOutside(store, run);
    const { turn, snapshot, waits } = run;
    const isShared =
      snapshot !== null && savedWaits(snapshot).some((wait) => wait.kind === "child" && wait.attached);
    const state = isShared ? { waits: JSON.stringify(waits), snapshot: withChildrenLetGo(snapshot) } : null;
    const outcome = await store.clone(id, { id: to, secret, turn, state });
    if (outcome === "cloned") return;
    if (outcome === "ended")
      throw new ColdframeError("CF3106", `"${id}" has ended. Use restart() to begin again`);
    if (outcome === "exists")
      throw new ColdframeError("CF3106", `there is a run "${to}" already. Give the clone another id`);
  }
  throw new ColdframeError(
    "CF3121",
    `"${id}" wrote a turn each time that it was to be cloned. Suspend it first: coldframe suspend ${id}`,
  );
}

/**
 * What stands inside of a lock is nothing that can be cloned.
 * @throws ColdframeError CF3121
 */
async function checkOutside(store: Store, { id, waits }: RunDetail): Promise<void> {
  const holdings = await store.read.holdings(id);
  const locks = holdings === null ? [] : heldIn({ holdings, waits });
  if (locks.length > 0)
    throw new ColdframeError(
      "CF3121",
      `"${id}" holds ${named(locks)}, and a clone would be inside at the same time. Clone it when that was given back, or fork it at a park before`,
    );
}

export async function detailOf(store: Store, id: string): Promise<RunDetail> {
  const found = await store.read.run(id);
  if (found !== null) return found;
  throw new ColdframeError("CF3101", `"${id}". List the runs that there are, and check the database`);
}

async function turnBackTo(store: Store, run: RunDetail, park: FoundPark): Promise<Turn> {
  const { id, epoch, history } = run;
  const turn = new TurnRecord({ id, epoch, turn: run.turn, news: 0, history }, "");
  const present = await store.read.holdings(id);
  const places = present?.places ?? [];
  const held = heldIn(park);
  const lost = held.filter(({ wait }) => !places.some((place) => place.wait === wait));
  if (lost.length > 0)
    throw new ColdframeError(
      "CF3121",
      `"${id}" held ${named(lost)} at turn ${park.turn} and has given it back since, so that others may have been inside. Go back to a park before that`,
    );
  turn.snapshot = withNextId(
    park.snapshot,
    Math.max(nextIdOf(park.snapshot), nextIdOf(run.snapshot ?? park.snapshot)) + UNRECORDED,
  );
  turn.waits = JSON.stringify(park.waits);
  turn.due = 0;
  turn.consumed = run.waits.map((wait) => wait.id);
  turn.unsubscribe = run.waits.flatMap(({ id: wait, kind, name: key }) =>
    kind === "event" ? [{ wait, key }] : [],
  );
  turn.release = places
    .filter(({ wait }) => !held.some((place) => place.wait === wait))
    .map(({ wait, key }) => ({ run: id, wait, key }));
  turn.feeds = [
    ...(present?.feeds ?? []).map((feed): Feed => ({ ...feed, which: "none" })),
    ...park.holdings.feeds,
  ];
  turn.cancels = startedSince(run, park);
  turn.group = park.holdings.group;
  await register(store, turn, true);
  if (!park.isPresent) {
    const now = await store.read.chunks(id);
    const then = await chunksOf(store, id, park);
    const isIn = (chunks: readonly Chunk[], { hash }: Chunk) => chunks.some((one) => one.hash === hash);
    const added = then.filter((chunk) => !isIn(now, chunk));
    const dropped = now.filter((chunk) => !isIn(then, chunk)).map(({ hash }) => hash);
    if (added.length > 0 || dropped.length > 0) turn.chunks = { added, dropped };
  }
  return turn;
}

/** Waits of the turn that the store has to know of. @param attached whether children may end with the run */
async function register(store: Store, turn: TurnRecord, attached: boolean): Promise<void> {
  const subscribe: Subscription[] = [];
  const follow: Following[] = [];
  const acquire: Turn["acquire"][number][] = [];
  const known = new Set((JSON.parse(turn.waits) as WaitInfo[]).map(({ id }) => id));
  for (const wait of savedWaits(turn.snapshot!)) {
    const { id, kind, name } = wait;
    // That of a fork in line is registered when it goes on.
    if (!known.has(id)) continue;
    if (kind === "event") subscribe.push({ wait: id, key: name, schema: null });
    else if (kind === "child") {
      if ((await store.read.run(name)) === null)
        throw new ColdframeError(
          "CF3121",
          `it waits there for the end of the run "${name}", which has been removed since. Go back to another park`,
        );
      follow.push({ wait: id, run: name, attached: attached && wait.attached });
    } else if (kind === "lock") {
      const { max, loose } = wait;
      acquire.push({ wait: id, key: name, max, loose, value: encodeLock(name, id) });
    }
  }
  turn.subscribe = subscribe;
  turn.follow = follow;
  turn.acquire = acquire;
}

/** Places that the run's code had: those of waits that were over. */
function heldIn({ holdings, waits }: Pick<FoundPark, "holdings" | "waits">): FoundPark["holdings"]["places"] {
  return holdings.places.filter(({ wait }) => !waits.some(({ id }) => id === wait));
}

function named(places: readonly { readonly key: string }[]): string {
  const keys = places.map(({ key }) => `"${key}"`).join(", ");
  return `the ${places.length === 1 ? "lock" : "locks"} ${keys}`;
}

/** Children of which nobody will ask again: their ids are of waits that do not come back. */
function startedSince({ id, snapshot }: RunDetail, park: FoundPark): readonly string[] {
  const before = new Set(park.waits.map((wait) => wait.id));
  return savedWaits(snapshot ?? park.snapshot)
    .filter((wait) => wait.kind === "child" && wait.attached && !before.has(wait.id))
    .filter((wait) => wait.name === childId(id, wait.id))
    .map(({ name }) => name);
}

/** What the park's snapshot refers to. The store may know of more. */
async function chunksOf(store: Store, id: string, park: FoundPark): Promise<readonly Chunk[]> {
  const chunks = await (park.isPresent ? store.read.chunks(id) : store.read.chunks(id, park.turn));
  return chunks.filter(({ hash }) => park.snapshot.includes(hash));
}

/** Changes the names that a run has handed out, wherever they stand in a JSON text: into those of another run. */
function renamer(from: Names, to: Names, { waits, holdings }: FoundPark): (json: string) => string {
  const inside = (text: string) => quote(text).slice(1, -1);
  const literal = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const keys = new RegExp(`([0-9a-f]{32})\\.(\\d+)\\.${literal(inside(from.id))}`, "g");
  // The lock of a channel is named after it.
  const channels = new RegExp(`"((?:channel )?)${literal(inside(ownChannel(from.id, "")))}(\\d+)"`, "g");
  // Copies of events have keys of their own, which name the run that gets them.
  const copies = [...waits.map(({ name }) => name), ...holdings.feeds.map((feed) => feed.to)].filter((name) =>
    new RegExp(` for ${literal(from.id)}/\\d+$`).test(name),
  );
  const rename = (json: string): string =>
    json.replaceAll(keys, (key, _hash, wait: string) =>
      isGenuine(`${key.slice(0, 32)}.${wait}.${from.id}`, from.id, from.secret)
        ? inside(eventKey(to.secret, to.id, Number(wait)))
        : key,
    );
  return (json) => {
    let renamed = json;
    for (const name of copies) {
      const end = name.lastIndexOf(` for ${from.id}/`);
      const copy = `${name.slice(0, end)} for ${to.id}${name.slice(name.lastIndexOf("/"))}`;
      renamed = renamed.replaceAll(quote(name), () => quote(copy));
    }
    return rename(renamed.replaceAll(channels, (_, line, n) => `"${line}${inside(ownChannel(to.id, n))}"`));
  };
}
