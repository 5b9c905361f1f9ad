/** Scope records that are being written: which of their variables are needed. Their nodes are written when all of that is known. */
import { recordOf } from "../machine/index.ts";
import { quote } from "./kind.ts";
import { word } from "./names.ts";

interface Scope {
  readonly id: string;
  readonly record: Readonly<Record<string, unknown>>;
  readonly variables: readonly string[];
  readonly needed: Set<string>;
}

/** What it asks of its writer. */
interface ScopeOut {
  /** The node that what is reached next is reached from. */
  current: number;
  value(value: unknown): string;
  name(text: string): number;
  refuseAt(index: number, what: string): string;
}

export class Scopes {
  readonly #out: ScopeOut;
  readonly #scopes = new Map<object, Scope>();

  constructor(out: ScopeOut) {
    this.#out = out;
  }

  /** These variables of the record, which is node `index`, have to be saved. */
  need(record: object, variables: readonly string[], index: number): void {
    const scope = this.#scopes.get(record) ?? this.#make(record, index);
    if (scope !== undefined) this.#add(scope, variables, index);
  }

  /** The node of a record. */
  write(object: object): string {
    const { id, record, variables, needed } = this.#scopes.get(object)!;
    const saved = variables.filter((variable) => needed.has(variable));
    let text = `["scope",${this.#out.name(quote([id, ...saved].map(word).join(" ")))}`;
    for (const variable of saved) text += `,${this.#out.value(record[variable])}`;
    return `${text}]`;
  }

  #make(record: object, index: number): Scope | undefined {
    const schema = recordOf(record);
    if (schema === undefined) {
      this.#out.refuseAt(index, "a scope of a module that is not registered");
      return undefined;
    }
    const { id, variables } = schema;
    const scope: Scope = { id, record: record as never, variables, needed: new Set() };
    this.#scopes.set(record, scope);
    // Records of the machine itself may be values of the user's, too: what `setTimeout` returned.
    if (id.startsWith("coldframe#")) this.#add(scope, variables, index);
    return scope;
  }

  #add({ record, needed }: Scope, variables: readonly string[], index: number): void {
    const out = this.#out;
    const { current } = out;
    out.current = index;
    for (const variable of variables) {
      if (needed.has(variable)) continue;
      needed.add(variable);
      // Gives the value an index now; the text of the record is written at the end.
      out.value(record[variable]);
    }
    out.current = current;
  }
}
