/**
 * Resources that wait for their disposal.
 *
 *   ["disposal",owed,awaited,[how,value,method,…]]           the block of a `using`, or what a stack holds
 *   ["disposal",owed,awaited,[how,value,method,…],error]     an exception is under way
 *   ["stack",disposal]   ["async-stack",disposal]            null: disposed of
 *
 * The flags are 0 or 1.
 */
import {
  $AsyncDisposableStack,
  $DisposableStack,
  asyncStackReach,
  Disposal,
  type Disposing,
  type Resource,
  syncStackReach,
} from "../../machine/index.ts";
import { broken, type In, integer, type Kind, list, type Node, type Out } from "../kind.ts";

const fields = Object.keys(new Disposal());

const ways: readonly unknown[] = [
  "sync",
  "async",
  "async-from-sync",
  "adopted",
  "adopted-async",
] satisfies Disposing[];

export const disposal: Kind = {
  tags: ["disposal"],
  prototypes: [Disposal.prototype],
  count: fields.length,
  done: (key) => fields.includes(key),
  write({ resources, failed, error, owed, awaited }: Disposal, out: Out): string {
    const parts = resources.map(
      ({ how, value, method }) => `"${how}",${out.value(value)},${out.value(method)}`,
    );
    const text = `["disposal",${owed ? 1 : 0},${awaited ? 1 : 0},[${parts.join(",")}]`;
    return failed ? `${text},${out.value(error)}]` : `${text}]`;
  },
  allocate: () => new Disposal(),
  fill(value: Disposal, node: Node, input: In): void {
    value.owed = integer(node[1], 2) === 1;
    value.awaited = integer(node[2], 2) === 1;
    const parts = list(node[3]);
    for (let i = 0; i < parts.length; i += 3) {
      if (!ways.includes(parts[i])) return broken("a resource that is disposed of in an unknown way");
      const method = input.value(parts[i + 2]);
      if (typeof method !== "function" && method !== undefined) return broken("a resource without disposer");
      value.resources.push({ how: parts[i], value: input.value(parts[i + 1]), method } as Resource);
    }
    value.failed = node.length > 4;
    if (value.failed) value.error = input.value(node[4]);
  },
};

export const stack: Kind = {
  tags: ["stack"],
  prototypes: [$DisposableStack.prototype],
  write: (value: object, out: Out) => `["stack",${out.value(syncStackReach.get(value))}]`,
  allocate: () => new $DisposableStack(),
  fill: (value: object, node: Node, input: In) => syncStackReach.set(value, content(node, input)),
};

export const asyncStack: Kind = {
  tags: ["async-stack"],
  prototypes: [$AsyncDisposableStack.prototype],
  write: (value: object, out: Out) => `["async-stack",${out.value(asyncStackReach.get(value))}]`,
  allocate: () => new $AsyncDisposableStack(),
  fill: (value: object, node: Node, input: In) => asyncStackReach.set(value, content(node, input)),
};

function content(node: Node, input: In): Disposal | null {
  const held = input.value(node[1]);
  return held === null || held instanceof Disposal ? held : broken("a stack of no resources");
}
