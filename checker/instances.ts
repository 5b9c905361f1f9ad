/**
 * Classes of a build as the runtime knows them, with the fields that manifests tell of and without bodies, so that a rehearsal can hold
 * instances of them.
 */
import type { Code, ManifestCode } from "../abi/index.ts";
import { $class, $private } from "../runtime/machine/index.ts";
import { valueOfType } from "./samples.ts";

type Constructor = new () => object;

export class Classes {
  readonly #codes: ReadonlyMap<string, ManifestCode>;
  readonly #loaded: ReadonlyMap<string, Code>;
  readonly #made = new Map<string, Constructor>();
  readonly #private = new WeakMap<object, Map<string, unknown>>();

  constructor(codes: ReadonlyMap<string, ManifestCode>, loaded: ReadonlyMap<string, Code>) {
    this.#codes = codes;
    this.#loaded = loaded;
  }

  /** All of them, by id. To be asked for while the build is the one that is loaded. */
  get all(): ReadonlyMap<string, Constructor> {
    for (const { id, kind, types } of this.#codes.values())
      if (kind === "class" && types !== undefined) this.#class(id);
    return this.#made;
  }

  #class(id: string): Constructor {
    const known = this.#made.get(id);
    if (known !== undefined) return known;
    const { types = {}, classes } = this.#codes.get(id)!;
    const above = classes?.["extends"]?.find((one) => this.#codes.has(one));
    const made = above === undefined ? class {} : class extends this.#class(above) {};
    Object.defineProperty(made, "name", { value: id.slice(id.lastIndexOf("#") + 1), configurable: true });
    this.#made.set(id, made);
    const names = Object.keys(types)
      .filter((name) => name.startsWith("#"))
      .map((name) => this.#field(id, name));
    $class(made, this.#loaded.get(id)!, [], [], names, above !== undefined);
    return made;
  }

  #field(id: string, name: string) {
    const key = `${id} ${name}`;
    const values = (object: unknown) => {
      const known = this.#private.get(object as object) ?? new Map<string, unknown>();
      this.#private.set(object as object, known);
      return known;
    };
    return $private(
      name.slice(1),
      "field",
      false,
      (object) => values(object).get(key),
      (object, value) => values(object).set(key, value),
      () => true,
    );
  }

  /** An instance with a value in each field. */
  instance(id: string): object | null {
    const made = this.#made.get(id);
    if (made === undefined) return null;
    const object = new made() as Record<string, unknown>;
    for (
      let at: string | undefined = id;
      at !== undefined;
      at = this.#codes.get(at)?.classes?.["extends"]?.[0]
    )
      for (const [name, type] of Object.entries(this.#codes.get(at)?.types ?? {}))
        if (name.startsWith("#"))
          this.#private.set(
            object,
            (this.#private.get(object) ?? new Map()).set(`${at} ${name}`, valueOfType(type)),
          );
        else object[name] = valueOfType(type);
    return object;
  }
}

/** The classes of which a variable of a function may hold instances: `this` of a method that of the class. */
export function classesOf(
  variable: string,
  owner: string,
  codes: ReadonlyMap<string, Pick<ManifestCode, "kind" | "classes">>,
): readonly string[] {
  if (/^\$this(\$\d+)?$/.test(variable)) {
    const above = owner.slice(0, owner.lastIndexOf("."));
    return codes.get(above)?.kind === "class" ? [above] : [];
  }
  const classes = codes.get(owner)?.classes ?? {};
  return Object.hasOwn(classes, variable) ? classes[variable]! : [];
}
