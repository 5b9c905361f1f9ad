/**
 * Points of one statement and path, told apart by what is around them: else two loops that change places would look like nothing had
 * changed. Of what is around only that counts in which they differ, from the first statement that they do not share:
 *
 * | | goes into the fingerprint |
 * |---|---|
 * | the heads of the statements around differ: `for (const x of a) …`, `for (const x of b) …` | the heads |
 * | they do not, or in part: `if (x) { await s(); a(); }`, `if (x) { await s(); b(); }` | the whole of that first statement, with the closures in it |
 * | neither | nothing: they are equal, and only their order tells them apart |
 *
 * So an edit within such a statement blocks runs that are parked there; edits elsewhere do not.
 */
import * as t from "@babel/types";
import { Hasher } from "./hash.ts";
import type { SuspendPoint } from "./ir.ts";

export function tellApart(points: readonly SuspendPoint[]): void {
  for (const twins of alike(points)) {
    tell(twins, headsFrom);
    for (const still of alike(twins)) tell(still, (own, from, hash) => hash.node(own[from]));
  }
}

/** Those that have a fingerprint in common, two and more. What the author has pinned has a name of its own. */
function alike(points: readonly SuspendPoint[]): SuspendPoint[][] {
  const groups = new Map<string, SuspendPoint[]>();
  for (const point of points) {
    const group = groups.get(point.fingerprint);
    if (group === undefined) groups.set(point.fingerprint, [point]);
    else group.push(point);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

function tell(
  twins: readonly SuspendPoint[],
  mix: (around: readonly t.Node[], from: number, hash: Hasher) => void,
): void {
  const ways = twins.map(({ around, statement }) => [...around, statement]);
  const from = firstOwn(ways);
  const digests = ways.map((way) => {
    const hash = new Hasher();
    mix(way, from, hash);
    return hash.digest(7);
  });
  if (new Set(digests).size === 1) return;
  twins.forEach((point, i) => {
    point.fingerprint = new Hasher().text(point.fingerprint).text(digests[i]!).digest(7);
  });
}

/** How many statements around are those of all of them. */
function firstOwn([first, ...others]: readonly (readonly t.Node[])[]): number {
  let from = 0;
  while (from < first!.length && others.every((way) => way[from] === first![from])) from++;
  return from;
}

/** Of the statements from there on what stands before their bodies. */
function headsFrom(around: readonly t.Node[], from: number, hash: Hasher): void {
  for (const node of around.slice(from)) for (const head of headOf(node)) hash.node(head, true);
}

function headOf(node: t.Node): readonly (t.Node | null | undefined)[] {
  if (t.isForStatement(node)) return [node.init, node.test, node.update];
  if (t.isForXStatement(node)) return [node.left, node.right];
  if (t.isIfStatement(node) || t.isWhileStatement(node) || t.isDoWhileStatement(node)) return [node.test];
  if (t.isSwitchStatement(node)) return [node.discriminant];
  return [];
}
