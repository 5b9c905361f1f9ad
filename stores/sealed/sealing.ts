/** What goes down: each thing that the port takes, with the texts in it sealed. */
import type { Mending, NewEvent, NewRun, Note, Turn, WaitInfo, Write } from "../../runtime/engine/store.ts";
import { type Envelope, NOBODY } from "./envelope.ts";

export class Sealing {
  readonly #envelope: Envelope;

  constructor(envelope: Envelope) {
    this.#envelope = envelope;
  }

  value(text: string): Promise<string> {
    return this.#envelope.seal(text, "value", NOBODY);
  }

  readonly run = async (run: NewRun): Promise<NewRun> => ({
    ...run,
    call: await this.#envelope.seal(run.call, "call", run.id),
    secret: await this.secret(run.secret, run.id, []),
  });

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

  async #turn(turn: Turn): Promise<Turn> {
    const { snapshot, end } = turn;
    const [state, starts, sends, acquire, value] = await Promise.all([
      snapshot === null ? null : this.#envelope.seal(`${turn.waits}\n${snapshot}`, "state", turn.run),
      each(turn.starts, this.run),
      each(turn.sends, this.event),
      each(turn.acquire, async (acquiring) => ({ ...acquiring, value: await this.value(acquiring.value) })),
      end === null ? null : this.value(end.value),
    ]);
    return {
      ...turn,
      snapshot: state,
      waits: snapshot === null ? turn.waits : eventsOf(turn.waits),
      starts,
      sends,
      acquire,
      end: end === null ? null : { ...end, value: value! },
    };
  }

  async #note(note: Note): Promise<Note> {
    const [arrivals, attempts] = await Promise.all([
      each(note.arrivals, async (arrival) => ({ ...arrival, value: await this.value(arrival.value) })),
      each(note.attempts, async (attempt) => ({
        ...attempt,
        error: await this.#envelope.seal(attempt.error, "error", note.run),
      })),
    ]);
    return { ...note, arrivals, attempts };
  }
}

function each<T>(list: readonly T[], change: (one: T) => Promise<T>): readonly T[] | Promise<readonly T[]> {
  return list.length === 0 ? list : Promise.all(list.map(change));
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
