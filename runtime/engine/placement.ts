/** Which workers carry which runs on: runs belong to a group, workers serve groups, and perhaps only some workflows. */
import { wrongOption } from "../errors.ts";
import { entryOf, loadedEntries } from "./entry.ts";
import { checkGroup } from "./options.ts";
import type { Settings } from "./ports.ts";
import { DEFAULT_GROUP } from "./store.ts";

/** Names of groups, or `"*"` for all there are. */
export type Groups = string | readonly string[];

/** Functions or names of workflows. */
export type Only = readonly (string | ((...args: never[]) => Promise<unknown>))[];

/**
 * What a worker serves.
 * @returns null for all groups
 * @throws ColdframeError CF2301, CF3103
 */
export function groupsOf(group: Groups = DEFAULT_GROUP): readonly string[] | null {
  if (group === "*") return null;
  const groups = typeof group === "string" ? [group] : group;
  if (!Array.isArray(groups) || groups.length === 0)
    throw wrongOption("createEngine()", "group", group, 'a name, a list of names, or "*"');
  for (const name of groups) checkGroup(name);
  return [...new Set(groups)];
}

/**
 * The entries that a worker is limited to. A name without a module is that of all loaded workflows which are called so.
 * @returns null for all
 * @throws ColdframeError CF2301 for a name that no loaded workflow has: it would never find work; CF2001
 */
export function entriesOf(only: Only | undefined): readonly string[] | null {
  if (only === undefined) return null;
  if (!Array.isArray(only) || only.length === 0)
    throw wrongOption("createEngine()", "only", only, "a list of workflows or their names");
  const entries = only.flatMap((one) => {
    if (typeof one !== "string") return entryOf(one);
    const found = loadedEntries().filter((entry) => entry === one || entry.endsWith(`#${one}`));
    if (found.length === 0)
      throw wrongOption("createEngine()", "only", one, "the name of a workflow that is loaded before");
    return found;
  });
  return [...new Set(entries)];
}

/** Whether the worker carries on what belongs to this group. */
export function servesGroup({ groups }: Pick<Settings, "groups">, group: string): boolean {
  return groups === null || groups.includes(group);
}

/** Whether the worker carries on such a run. */
export function serves(settings: Pick<Settings, "groups" | "only">, group: string, entry: string): boolean {
  return servesGroup(settings, group) && (settings.only === null || settings.only.includes(entry));
}
