/**
 * What a user gets of a transaction: the client of the user's database library itself, as long as the transaction is open. It
 * cannot be ended through it, nor used afterwards, when its connection is somebody else's.
 */
import { transactionIsOver } from "../limited.ts";

/** What is known of a kind of clients. */
export interface ClientRules {
  /** Methods that take statements. */
  readonly asks: ReadonlySet<string>;
  /** Methods that would end the transaction, or the connection. */
  readonly ends: ReadonlySet<string>;
  /** Statements that would end it. */
  readonly endings: RegExp;
  /** Whether the server has undone the transaction because of others', so that it may pass when made again. */
  isCollision(error: unknown): boolean;
  /** Whether it is the server that said so: the connection is as good as before. */
  isSaid(error: unknown): boolean;
  /** Whether a statement failed because the connection is lost. */
  isLost(error: unknown): boolean;
  /** Whether the statement was refused because one before it has failed. */
  isConsequence(error: unknown): boolean;
}

/** Libraries give back what they have got. */
const RELEASE = "release";

export class Guard {
  static readonly #guards = new WeakMap<object, Guard>();

  /** Of a transaction that a user got, from whatever store. */
  static of(tx: unknown): Guard | undefined {
    return typeof tx === "object" && tx !== null ? Guard.#guards.get(tx) : undefined;
  }

  /** What the user gets. */
  readonly tx: object;
  readonly #rules: ClientRules;
  readonly #client: object;
  /** Of the store that has lent it. */
  readonly owner: object;
  #over = false;
  /** Statements that have not been answered. */
  pending = 0;
  /** What the last statement that failed by itself failed with; undefined: none has. */
  failure: unknown = undefined;
  collided = false;
  lost = false;
  /** What a statement does is not known. */
  unsure = false;
  /** Runs or events were posted in it. */
  posted = false;

  constructor(client: object, rules: ClientRules, owner: object) {
    this.#client = client;
    this.#rules = rules;
    this.owner = owner;
    this.tx = new Proxy(client, { get: (_, name) => this.#get(name) });
    Guard.#guards.set(this.tx, this);
  }

  end(): void {
    this.#over = true;
  }

  /** @throws ColdframeError CF3108 */
  check(): void {
    if (this.#over) throw transactionIsOver();
  }

  #get(name: string | symbol): unknown {
    const client = this.#client;
    const value = Reflect.get(client, name, client);
    if (typeof value !== "function") return value;
    if (name === RELEASE) return () => {};
    const { ends, asks } = this.#rules;
    return (...args: unknown[]) => {
      this.check();
      if (ends.has(name as string)) throw transactionIsOver();
      if (!asks.has(name as string)) return Reflect.apply(value, client, args);
      if (endsBy(textOf(args[0]), this.#rules.endings)) throw transactionIsOver();
      const answer: unknown = Reflect.apply(value, client, args);
      this.#follow(answer);
      return answer;
    };
  }

  #follow(answer: unknown): void {
    if (typeof (answer as PromiseLike<unknown> | undefined)?.then !== "function") return;
    this.pending++;
    (answer as PromiseLike<unknown>).then(
      () => this.pending--,
      (error: unknown) => {
        this.pending--;
        if (!this.#rules.isConsequence(error)) this.failure = error;
        if (this.#rules.isCollision(error)) this.collided = true;
        if (!this.#rules.isSaid(error)) this.unsure = true;
        if (this.#rules.isLost(error)) this.lost = true;
      },
    );
  }
}

/** What is no part of a statement that could end a transaction: texts, names, comments. */
const QUOTED = /'(?:\\.|''|[^'\\])*'|"[^"]*"|--[^\n]*|\/\*[\s\S]*?\*\//g;

function endsBy(text: string, endings: RegExp): boolean {
  if (!/;|--|\/\*/.test(text)) return endings.test(text);
  return text
    .replaceAll(QUOTED, " ")
    .split(";")
    .some((one) => endings.test(one));
}

/** The text of a statement, as drivers are given it. */
function textOf(statement: unknown): string {
  if (typeof statement === "string") return statement;
  const { text, sql } = (statement ?? {}) as { readonly text?: unknown; readonly sql?: unknown };
  return String(text ?? sql ?? "");
}
