/** What tags of templates are given (ECMA-262 §13.2.8.4): one frozen object for each site, saved by its name. */
import { loading, type Module } from "./registry.ts";

/**
 * The strings of a tagged template of a marked module. A module that is loaded twice has each site once.
 * @param raw as the author wrote them; default: no different
 */
export function $strings(
  module: Module,
  id: string,
  cooked: readonly (string | undefined)[],
  raw: readonly string[] = cooked.slice() as string[],
): TemplateStringsArray {
  const name = `${module.id}#${id}`;
  const { templates, names } = loading();
  const known = templates.get(name) as TemplateStringsArray | undefined;
  if (known !== undefined) return known;
  Object.defineProperty(cooked, "raw", { value: Object.freeze(raw) });
  const made = Object.freeze(cooked) as unknown as TemplateStringsArray;
  const keep = (key: string, part: readonly string[]): void => {
    templates.set(key, part);
    names.set(part, key);
  };
  keep(name, made);
  keep(`${name} raw`, raw);
  return made;
}
