/**
 * Whether plain data fit a type as manifests write it: `{ id: string; tags: string[] } | null`. What cannot be decided here (aliases of
 * libraries, functions, conditional types) fits.
 *
 *   type  = part ("|" part)*       part = item "[]"*
 *   item  = "(" type ")" | "{" (name "?"? ":" type ";"?)* "}" | "[" type, … "]" | text | number | name ("<" type, … ">")?
 */

type Type =
  | { readonly kind: "any" }
  | { readonly kind: "name"; readonly name: string; readonly args: readonly Type[] }
  | { readonly kind: "literal"; readonly value: string | number }
  | { readonly kind: "list"; readonly item: Type }
  | { readonly kind: "tuple"; readonly items: readonly Type[] }
  | { readonly kind: "object"; readonly fields: readonly Field[] }
  | { readonly kind: "union"; readonly members: readonly Type[] };

interface Field {
  readonly name: string;
  readonly optional: boolean;
  readonly type: Type;
}

const ANY: Type = { kind: "any" };
/** Values of these are no plain data. */
const OTHERS = ["Date", "Map", "Set", "WeakMap", "WeakSet", "RegExp", "URL", "Promise", "bigint", "symbol"];
const TOKEN =
  /\s*("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[\p{ID_Start}$_][\p{ID_Continue}$_.]*|\S)/uy;

/**
 * @param value plain data
 * @returns null when it fits; else what does not: ` is 5`, `.tags[0] is null`
 */
export function misfit(value: unknown, type: string): string | null {
  let parsed: Type;
  try {
    parsed = new Parser(type).whole();
  } catch (error) {
    if (error instanceof Undecided) return null;
    throw error;
  }
  return problem(value, parsed, "");
}

/** The text has something in it that this reader does not know. */
class Undecided extends Error {}

class Parser {
  readonly #tokens: string[] = [];
  #next = 0;

  constructor(text: string) {
    TOKEN.lastIndex = 0;
    for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) this.#tokens.push(match[1]!);
  }

  whole(): Type {
    const type = this.#type();
    if (this.#next < this.#tokens.length) throw new Undecided();
    return type;
  }

  #takes(token: string): boolean {
    if (this.#tokens[this.#next] !== token) return false;
    this.#next++;
    return true;
  }

  #expect(token: string): void {
    if (!this.#takes(token)) throw new Undecided();
  }

  #type(): Type {
    const members = [this.#part()];
    while (this.#takes("|")) members.push(this.#part());
    return members.length === 1 ? members[0]! : { kind: "union", members };
  }

  #part(): Type {
    this.#takes("readonly");
    let type = this.#item();
    while (this.#takes("[")) {
      this.#expect("]");
      type = { kind: "list", item: type };
    }
    return type;
  }

  #item(): Type {
    if (this.#takes("(")) {
      const type = this.#type();
      this.#expect(")");
      // Otherwise these were the parameters of a function.
      if (this.#tokens[this.#next] === "=") throw new Undecided();
      return type;
    }
    if (this.#takes("{")) return { kind: "object", fields: this.#fields() };
    if (this.#takes("[")) return { kind: "tuple", items: this.#list("]") };
    const token = this.#tokens[this.#next++] ?? "";
    if (token.startsWith('"')) return { kind: "literal", value: JSON.parse(token) as string };
    if (/^-?\d/.test(token)) return { kind: "literal", value: Number(token) };
    if (!/^[\p{ID_Start}$_]/u.test(token)) throw new Undecided();
    return { kind: "name", name: token, args: this.#takes("<") ? this.#list(">") : [] };
  }

  #list(end: string): Type[] {
    const types: Type[] = [];
    while (!this.#takes(end)) {
      types.push(this.#type());
      if (this.#tokens[this.#next] !== end) this.#expect(",");
    }
    return types;
  }

  #fields(): Field[] {
    const fields: Field[] = [];
    while (!this.#takes("}")) {
      this.#takes("readonly");
      let name = "";
      while (this.#tokens[this.#next] !== ":" && this.#tokens[this.#next] !== "?") {
        const token = this.#tokens[this.#next++];
        if (token === undefined || token === "[" || token === "(") throw new Undecided();
        name += token.startsWith('"') ? (JSON.parse(token) as string) : token;
      }
      const optional = this.#takes("?");
      this.#expect(":");
      fields.push({ name, optional, type: this.#type() });
      this.#takes(";");
    }
    return fields;
  }
}

function problem(value: unknown, type: Type, path: string): string | null {
  const wrong = `${path} is ${shown(value)}`;
  switch (type.kind) {
    case "any":
      return null;
    case "literal":
      return value === type.value ? null : wrong;
    case "union": {
      const problems = type.members.map((member) => problem(value, member, path));
      if (problems.includes(null)) return null;
      // That of a member which is right in part.
      return problems.find((one) => one !== wrong) ?? wrong;
    }
    case "list":
      return Array.isArray(value)
        ? first(value, (item, i) => problem(item, type.item, `${path}[${i}]`))
        : wrong;
    case "tuple":
      if (!Array.isArray(value)) return wrong;
      if (value.length !== type.items.length) return `${path} has ${value.length} elements`;
      return first(type.items, (item, i) => problem(value[i], item, `${path}[${i}]`));
    case "object":
      if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong;
      return first(type.fields, ({ name, optional, type: inner }) => {
        if (Object.hasOwn(value, name))
          return problem((value as Record<string, unknown>)[name], inner, `${path}.${name}`);
        return optional ? null : `${path} has no "${name}"`;
      });
    case "name":
      return isOf(value, type.name, type.args, path, wrong);
  }
}

function isOf(
  value: unknown,
  name: string,
  args: readonly Type[],
  path: string,
  wrong: string,
): string | null {
  switch (name) {
    case "string":
    case "number":
    case "boolean":
      return typeof value === name ? null : wrong;
    case "true":
    case "false":
    case "null":
      return String(value) === name && typeof value !== "string" ? null : wrong;
    case "undefined":
    case "void":
    case "never":
      return wrong;
    case "object":
      return typeof value === "object" && value !== null ? null : wrong;
    case "Array":
    case "ReadonlyArray":
      return problem(value, { kind: "list", item: args[0] ?? ANY }, path);
    case "Record":
      if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong;
      return first(Object.entries(value), ([key, part]) => problem(part, args[1] ?? ANY, `${path}.${key}`));
    default:
      return OTHERS.includes(name) ? wrong : null;
  }
}

function first<T>(list: readonly T[], find: (one: T, index: number) => string | null): string | null {
  for (const [i, one] of list.entries()) {
    const found = find(one, i);
    if (found !== null) return found;
  }
  return null;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
