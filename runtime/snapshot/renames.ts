/**
 * Functions, classes and modules that are called otherwise than when a run was parked. Names in snapshots are looked up as they
 * stand; only one that nothing loaded has is looked up again by what it has become.
 */
import { ColdframeError } from "../errors.ts";
import { currentName, loaded, registry } from "../machine/index.ts";

/**
 * Says that what was called `from` is called `to` now: a function or class (`"shop/a.ts#f"`, with all that stands in it), or a
 * whole module (`"shop/a.ts"`, with all its functions, classes and steps). Names are those that `coldframe show` tells.
 * @throws ColdframeError CF2301 when they are no such names, CF2401 when renames go round in a circle, or `from` became two things
 */
export function renamed(from: string, to: string): void {
  for (const name of [from, to]) {
    if (typeof name === "string" && name !== "" && !/\s/.test(name)) continue;
    throw new ColdframeError(
      "CF2301",
      `renamed(): ${JSON.stringify(name)} is no name. Give it as coldframe show does, as in renamed("shop/a.ts#f", "shop/b.ts#g")`,
    );
  }
  if (from.includes("#") !== to.includes("#"))
    throw contradiction(`renamed("${from}", "${to}"): one is a module and the other something in a module`);
  const { renames } = loaded();
  const known = renames.get(from);
  if (known === to) return;
  if (known !== undefined && !registry.hot)
    throw contradiction(`"${from}" was renamed to "${known}" and to "${to}". Keep the one that is right`);
  const path = [from];
  for (let next: string | undefined = to; next !== undefined; next = renames.get(next)) {
    path.push(next);
    if (next === from) throw contradiction(`renames go round in a circle: ${path.join(" → ")}`);
  }
  renames.set(from, to);
}

/**
 * A name that was renamed, and that something loaded has again: which of the two a snapshot means cannot be known.
 * @throws ColdframeError CF2401
 */
export function checkRenamed(id: string): void {
  if (loaded().renames.size === 0) return;
  const now = currentName(id);
  if (now === id) return;
  throw contradiction(
    `"${id}" was renamed to "${now}", and there is a new "${id}": which of them the snapshot means is not clear. Give the new one another name`,
  );
}

/** CF2401 */
export function contradiction(detail: string): ColdframeError {
  return new ColdframeError("CF2401", detail);
}
