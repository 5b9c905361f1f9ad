/** The table of kinds: by prototype for the writer, by tag for the reader. */

import type { Kind } from "../kind.ts";
import { argumentsObject, mappedArguments } from "./arguments.ts";
import { bytes, view } from "./binary.ts";
import { bound } from "./bound.ts";
import { madeClass, member } from "./classes.ts";
import { map, set, weakMap, weakRef, weakSet } from "./collections.ts";
import { cursor, matches } from "./cursors.ts";
import { data, inside, large, tree } from "./data.ts";
import { asyncStack, disposal, stack } from "./disposals.ts";
import { domException, error } from "./errors.ts";
import { builtin, closure, reference, resource, scope } from "./functions.ts";
import {
  delegation,
  generating,
  generator,
  generatorNextKind,
  generatorPrototypeKind,
  queue,
} from "./generators.ts";
import { custom, instance, saved } from "./instances.ts";
import { iteration } from "./iterations.ts";
import { helper } from "./iterator-helpers.ts";
import { sparse } from "./objects.ts";
import { abort, date, headers, params, regexp, signal, url } from "./platform.ts";
import { boxed } from "./primitives.ts";
import { nativePromise, promise } from "./promises.ts";
import {
  adopt,
  constant,
  element,
  finallyReaction,
  group,
  mirror,
  thenableJob,
  thenReaction,
  unwrap,
} from "./reactions.ts";
import { temporal } from "./temporal.ts";
import { wrappedIterator } from "./wrapped-iterators.ts";

/** Kinds of values that can stand anywhere, also in the arguments and results of steps. */
const plain: readonly Kind[] = [
  ...[map, set, weakMap, weakSet, weakRef, date, regexp, error, domException, bytes, view, boxed],
  ...[
    url,
    params,
    headers,
    abort,
    signal,
    temporal,
    sparse,
    tree,
    data,
    inside,
    large,
    argumentsObject,
    instance,
    member,
    custom,
    saved,
    reference,
    builtin,
    resource,
  ],
];

/** Kinds that belong to a run. */
const running: readonly Kind[] = [
  ...[promise, nativePromise, closure, madeClass, bound, scope, mappedArguments, iteration, cursor, matches],
  ...[generator, generatorNextKind, generatorPrototypeKind, queue, generating, delegation],
  ...[helper, wrappedIterator, disposal, stack, asyncStack],
  ...[thenReaction, adopt, finallyReaction, mirror, constant, unwrap, element, group, thenableJob],
];

export interface Kinds {
  readonly byPrototype: ReadonlyMap<object, Kind>;
  readonly byTag: ReadonlyMap<unknown, Kind>;
}

function index(kinds: readonly Kind[]): Kinds {
  const byPrototype = new Map<object, Kind>();
  const byTag = new Map<unknown, Kind>();
  for (const kind of kinds) {
    for (const prototype of kind.prototypes) byPrototype.set(prototype, kind);
    for (const tag of kind.tags) byTag.set(tag, kind);
  }
  return { byPrototype, byTag };
}

export const valueKinds: Kinds = index(plain);
export const runKinds: Kinds = index([...plain, ...running]);
