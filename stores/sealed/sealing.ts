/** What goes down: each thing that the port takes, with the texts in it sealed. */
import type {
  Copy,
  Mending,
  NewEvent,
  NewRun,
  Note,
  Overruling,
  ScheduleChange,
  Turn,
  WaitInfo,
  Write,
} from "../../runtime/engine/store.ts";
import { type Chunk, fromBase64, toBase64, unreadable } from "../../runtime/snapshot/index.ts";
import { type Envelope, NOBODY } from "./envelope.ts";

export class Sealing {
  readonly #envelope: Envelope;

  constructor(envelope: Envelope) {
    this.#envelope = envelope;
  }

  value(text: string): Promise<string> {
    return this.#envelope.seal(text, "value", NOBODY);
  }

  /** @throws ColdframeError when its call is of a run or schedule that could not be opened */
  readonly run = async (run: NewRun): Promise<NewRun> => {
    const why = unreadable(run.call);
    if (why !== null) throw why;
    const [call, secret] = await Promise.all([
      this.#envelope.seal(run.call, "call", run.id),
      this.secret(run.secret, run.id, []),
    ]);
    return { ...run, call, secret };
  };

  /** The call of a schedule is bound to it; each run that it starts gets one of its own. */
  async schedule(change: ScheduleChange): Promise<ScheduleChange> {
    const { row } = change;
    const [starts, spec] = await Promise.all([
      each(change.starts, this.run),
      withCall(row.spec, (call) => this.#envelope.seal(call, "call", scheduleOf(row.id))),
    ]);
    return { ...change, row: { ...row, spec }, starts };
  }

  /** @param origins runs whose texts the run gets */
  async copy(copy: Copy, origins: readonly string[]): Promise<Copy> {
    const { id, state } = copy;
    const secret = await this.secret(copy.secret, id, origins);
    if (state === null || this.#envelope.isPlain) return { ...copy, secret };
    const { waits, snapshot } = state;
    const sealed = await this.#state(id, waits, snapshot);
    return { ...copy, secret, state: { waits: eventsOf(waits), snapshot: sealed } };
  }

  #state(run: string, waits: string, snapshot: string): Promise<string> {
    return this.#envelope.seal(`${waits}\n${snapshot}`, "state", run);
  }

  /** @param origins runs whose texts the run got when it was cloned */
  secret(secret: string, run: string, origins: readonly string[]): Promise<string> {
    return this.#envelope.seal(
      origins.length === 0 ? secret : JSON.stringify([secret, ...origins]),
      "secret",
      run,
    );
  }

  /** What `secret` sealed: the secret, then the origins. */
  secretIn(text: string): readonly string[] {
    return text.startsWith("[") ? (JSON.parse(text) as string[]) : [text];
  }

  event = async (event: NewEvent): Promise<NewEvent> => ({
    ...event,
    payload: await this.value(event.payload),
  });

  async mending(mending: Mending): Promise<Mending> {
    return mending.kind === "retry" ? mending : { ...mending, value: await this.value(mending.value) };
  }

  readonly write = async (write: Write): Promise<Write> => {
    if (this.#envelope.isPlain) return write;
    return write.kind === "turn" ? this.#turn(write) : this.#note(write);
  };

  readonly overruling = async (overruling: Overruling): Promise<Overruling> =>
    this.#envelope.isPlain ? overruling : { ...overruling, turn: await this.#turn(overruling.turn) };

  async #turn(turn: Turn): Promise<Turn> {
    const { snapshot, end } = turn;
    const [state, starts, sends, acquire, value] = await Promise.all([
      snapshot === null ? null : this.#state(turn.run, turn.waits, snapshot),
      each(turn.starts, this.run),
      each(turn.sends, this.event),
      each(turn.acquire, async (acquiring) => ({ ...acquiring, value: await this.value(acquiring.value) })),
      end === null ? null : this.value(end.value),
    ]);
    const { chunks } = turn;
    const added = chunks === null ? [] : await each(chunks.added, this.chunk);
    return {
      ...turn,
      snapshot: state,
      waits: snapshot === null ? turn.waits : eventsOf(turn.waits),
      starts,
      sends,
      acquire,
      chunks: chunks === null ? null : { ...chunks, added },
      end: end === null ? null : { ...end, value: value! },
    };
  }

  /** Runs share it: it is bound to its name, which is the hash of what is in it. */
  readonly chunk = async ({ hash, body }: Chunk): Promise<Chunk> => ({
    hash,
    body: await this.#envelope.seal(
      typeof body === "string" ? `s${body}` : `b${toBase64(body)}`,
      "chunk",
      hash,
    ),
  });

  /** @throws ColdframeError CF2201, CF2202, CF2203 */
  readonly openChunk = async (chunk: Chunk): Promise<Chunk> => {
    const { hash, body } = chunk;
    // Bytes were never sealed: they are taken where plain texts are.
    const text = await this.#envelope.open(typeof body === "string" ? body : "", "chunk", [hash]);
    if (typeof body !== "string" || text === body) return chunk;
    return { hash, body: text.startsWith("b") ? fromBase64(text.slice(1)) : text.slice(1) };
  };

  async #note(note: Note): Promise<Note> {
    const [arrivals, attempts] = await Promise.all([
      each(note.arrivals, async (arrival) => ({ ...arrival, value: await this.value(arrival.value) })),
      each(note.attempts, async (attempt) => ({
        ...attempt,
        error: attempt.error === "" ? "" : await this.#envelope.seal(attempt.error, "error", note.run),
        progress:
          attempt.progress === null
            ? null
            : await this.#envelope.seal(attempt.progress, "progress", note.run),
      })),
    ]);
    return { ...note, arrivals, attempts };
  }
}

function each<T>(list: readonly T[], change: (one: T) => Promise<T>): readonly T[] | Promise<readonly T[]> {
  return list.length === 0 ? list : Promise.all(list.map(change));
}

/** Whom the call of a schedule is bound to: no run has such an id. */
export function scheduleOf(id: string): string {
  return `\n${id}`;
}

/** The spec of a schedule with another call. */
export async function withCall(spec: string, change: (call: string) => Promise<string>): Promise<string> {
  const parsed = JSON.parse(spec) as { readonly call?: string };
  if (parsed.call === undefined) return spec;
  return JSON.stringify({ ...parsed, call: await change(parsed.call) });
}

/** Of the waits, what the store below has to see. */
function eventsOf(waits: string): string {
  if (waits === "[]") return waits;
  return JSON.stringify(
    (JSON.parse(waits) as WaitInfo[])
      .filter(({ kind }) => kind === "event")
      .map(({ id, kind, name }) => ({ id, kind, name, due: null, since: 0, at: "" })),
  );
}
