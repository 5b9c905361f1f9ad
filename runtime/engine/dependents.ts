/**
 * Who goes on when a promise settles, as the machine's data tell it: tasks, derived promises, combinators; and promises that
 * a handler has in hand to settle, as in `new Promise((resolve) => p.then(() => resolve()))` and in our own pools and groups.
 */
import {
  asker,
  Bound,
  Durable,
  Finally,
  Generating,
  type Reaction,
  Resolvers,
  stampOf,
  Then,
  Timer,
} from "../machine/index.ts";

/** What stands on a promise. */
export function reactionsOf(promise: Durable): readonly Reaction[] {
  const { reactions } = asker(promise);
  if (reactions === undefined) return [];
  return Array.isArray(reactions) ? reactions : [reactions];
}

/** `promise`, and all that directly or indirectly goes on because of it, the nearest first. */
export function* dependents(promise: Durable): Generator<Durable> {
  const seen = new Set<Durable>([promise]);
  for (const waiting of seen) {
    yield waiting;
    for (const reaction of reactionsOf(waiting)) for (const next of targetsOf(reaction)) seen.add(next);
  }
}

/** The promises that a reaction settles or carries on; none when it ends outside of marked code, or nowhere. */
export function targetsOf(reaction: Reaction): readonly Durable[] {
  const target = targetOf(reaction);
  if (!(reaction instanceof Then || reaction instanceof Finally)) return target === null ? [] : [target];
  const inHand = new Set<Durable>();
  if (reaction instanceof Finally) addInHand(reaction.onFinally, inHand);
  else {
    addInHand(reaction.onFulfilled, inHand);
    addInHand(reaction.onRejected, inHand);
  }
  if (target !== null && (inHand.size === 0 || target.reactions !== undefined)) inHand.add(target);
  return [...inHand];
}

/**
 * The promises that nobody is going to settle when `promise` rejects: what settles them is called when it fulfils, and there
 * is nothing for the other case, as in `new Promise((resolve) => setTimeout(resolve, 1000))`.
 */
export function forsakenBy(promise: Durable): readonly Durable[] {
  const forsaken = new Set<Durable>();
  for (const reaction of reactionsOf(promise))
    if (reaction instanceof Then && reaction.onRejected === undefined)
      addInHand(reaction.onFulfilled, forsaken);
  return [...forsaken];
}

function targetOf(reaction: Reaction): Durable | null {
  if (reaction instanceof Durable) return reaction;
  if (reaction instanceof Generating) return reaction.task;
  if ("group" in reaction) return reaction.group.target;
  return reaction.target instanceof Durable ? reaction.target : null;
}

/** The promises whose resolving functions `handler` is, or holds: captured, bound, or one property away. */
function addInHand(handler: unknown, found: Set<Durable>): void {
  if (typeof handler !== "function") return;
  for (const scope of stampOf(handler)?.scopes ?? []) {
    if (scope instanceof Resolvers) addPromise(scope, found);
    else if (scope instanceof Timer) addInHand(scope.handler, found);
    else if (scope instanceof Bound) {
      addInHand(scope.target, found);
      for (const part of [scope.receiver, ...scope.args]) addResolvers(part, found);
    } else for (const variable of Object.values(scope)) addResolvers(variable, found);
  }
}

function addResolvers(value: unknown, found: Set<Durable>): void {
  if (typeof value === "function") addResolver(value, found);
  if (typeof value !== "object" || value === null || value instanceof Durable) return;
  for (const { value: part } of Object.values(Object.getOwnPropertyDescriptors(value)))
    if (typeof part === "function") addResolver(part, found);
}

function addResolver(f: object, found: Set<Durable>): void {
  const [scope] = stampOf(f)?.scopes ?? [];
  if (scope instanceof Resolvers) addPromise(scope, found);
}

function addPromise({ promise }: Resolvers, found: Set<Durable>): void {
  if (promise !== null) found.add(promise);
}
