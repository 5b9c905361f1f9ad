/**
 * Objects of the language and the web platform that hold no other objects, or hardly any.
 *
 *   ["date",1700000000000]   ["date",null] for an invalid one
 *   ["regexp","a+","gi",3]   source, flags, lastIndex
 *   ["url","https://…"]      ["params","a=1&b=2"]   ["params",7] those of the URL that is node 7
 *   ["headers",[["a","b"]]]
 *   ["abort",3]              the AbortController of signal 3
 *   ["signal"]               ["signal",reason] when it was aborted
 *   ["listening",[[4]],"abort",[5],1,…]   one that follows signal 4 (0: none), with its listeners: once 1, capture 2, `onabort` 4
 */
import { follow, listen, signalState } from "../../machine/index.ts";
import {
  broken,
  type In,
  integer,
  type Kind,
  lacking,
  list,
  type Node,
  type Out,
  quote,
  string,
} from "../kind.ts";
import { numberText } from "../number-text.ts";

const { getTime } = Date.prototype;

export const date: Kind = {
  tags: ["date"],
  prototypes: [Date.prototype],
  write(value: Date): string {
    const time = getTime.call(value);
    return `["date",${Number.isNaN(time) ? "null" : numberText(time)}]`;
  },
  allocate(node: Node): unknown {
    if (node[1] === null) return new Date(Number.NaN);
    return typeof node[1] === "number" ? new Date(node[1]) : broken("a date without time");
  },
};

const sourceOf = Object.getOwnPropertyDescriptor(RegExp.prototype, "source")!.get as () => string;
const flagsOf = Object.getOwnPropertyDescriptor(RegExp.prototype, "flags")!.get as () => string;

export const regexp: Kind = {
  tags: ["regexp"],
  prototypes: [RegExp.prototype],
  done: (key, value) =>
    key === "lastIndex" && Object.getOwnPropertyDescriptor(value, key)!.writable !== Object.isFrozen(value),
  write(value: RegExp, out: Out): string {
    const last = value.lastIndex;
    return `["regexp",${quote(sourceOf.call(value))},${quote(flagsOf.call(value))}${last === 0 ? "" : `,${out.value(last)}`}]`;
  },
  allocate: (node: Node) => new RegExp(string(node[1]), string(node[2])),
  fill(value: RegExp, node: Node, input: In): void {
    if (node.length > 3) value.lastIndex = input.value(node[3]) as number;
  },
};

const hrefOf = Object.getOwnPropertyDescriptor(URL.prototype, "href")!.get as () => string;
const searchParamsOf = Object.getOwnPropertyDescriptor(URL.prototype, "searchParams")!
  .get as () => URLSearchParams;
const { toString: textOfParams } = URLSearchParams.prototype;

interface PlatformOut extends Out {
  /** Which URL a `URLSearchParams` belongs to. */
  readonly urls: Map<URLSearchParams, URL>;
}

export const url: Kind = {
  tags: ["url"],
  prototypes: [URL.prototype],
  pristine: () => new URL("http://a"),
  write(value: URL, out: Out): string {
    (out as PlatformOut).urls.set(searchParamsOf.call(value), value);
    return `["url",${quote(hrefOf.call(value))}]`;
  },
  allocate: (node: Node) => new URL(string(node[1])),
};

export const params: Kind = {
  tags: ["params"],
  prototypes: [URLSearchParams.prototype],
  pristine: () => new URLSearchParams(),
  write(value: URLSearchParams, out: Out): string {
    const { urls } = out as PlatformOut;
    const text = textOfParams.call(value);
    return out.later(() => {
      const owner = urls.get(value);
      return owner === undefined ? `["params",${quote(text)}]` : `["params",${out.index(owner)}]`;
    });
  },
  allocate(node: Node, input: In): unknown {
    if (typeof node[1] === "string") return new URLSearchParams(node[1]);
    return (input.node(node[1], ["url"]) as URL).searchParams;
  },
};

export const headers: Kind = {
  tags: ["headers"],
  prototypes: typeof Headers === "function" ? [Headers.prototype] : [],
  pristine: () => new Headers(),
  write(value: Headers): string {
    const entries: string[] = [];
    Headers.prototype.forEach.call(value, (content, name) => {
      entries.push(`[${quote(name)},${quote(content)}]`);
    });
    return `["headers",[${entries.join(",")}]]`;
  },
  allocate(node: Node): unknown {
    const made = new Headers();
    for (const entry of list(node[1])) made.append(string(list(entry)[0]), string(list(entry)[1]));
    return made;
  },
};

export const abort: Kind = {
  tags: ["abort"],
  prototypes: typeof AbortController === "function" ? [AbortController.prototype] : [],
  pristine: () => new AbortController(),
  write: (value: AbortController, out: Out) => `["abort",${out.index(value.signal)}]`,
  allocate(node: Node, input: In): unknown {
    return (
      controllers.get(input.node(node[1], ["signal", "listening"]) as AbortSignal) ??
      broken("a signal without controller")
    );
  },
};

/** Every restored signal has a controller, whether or not somebody still holds it. */
const controllers = new WeakMap<AbortSignal, AbortController>();

const ONCE = 1;
const CAPTURE = 2;
const HANDLER = 4;

const signalGetter = (key: "aborted" | "reason") =>
  typeof AbortSignal === "function"
    ? (Object.getOwnPropertyDescriptor(AbortSignal.prototype, key)?.get ??
      function (this: AbortSignal): unknown {
        return this[key];
      })
    : () => undefined;
const isAborted = signalGetter("aborted");
const reasonOf = signalGetter("reason");

/** Symbols in which a platform keeps the state of signals of all sorts. */
function internalsOfSignals(): object {
  const { signal } = new AbortController();
  const all = "any" in AbortSignal ? [signal, AbortSignal.any([signal])] : [signal];
  // Some appear with the first listener only.
  all.at(-1)!.addEventListener("abort", () => {});
  const names = all.flatMap((one) => Object.getOwnPropertySymbols(one));
  return Object.fromEntries([...names, Symbol("kTimeout")].map((name) => [name, undefined]));
}

function readListeners(value: AbortSignal, node: Node, input: In): void {
  for (let i = 2; i < node.length; i += 3) {
    const type = string(node[i]);
    const listener = input.value(node[i + 1]);
    const flags = integer(node[i + 2], 2 * HANDLER);
    if ((typeof listener !== "object" && typeof listener !== "function") || listener === null)
      return broken("a listener that is none");
    if (flags === HANDLER) value.onabort = listener as never;
    else listen(value, { type, listener, once: (flags & ONCE) !== 0, capture: (flags & CAPTURE) !== 0 });
  }
}

export const signal: Kind = {
  tags: ["signal", "listening"],
  prototypes: typeof AbortSignal === "function" ? [AbortSignal.prototype] : [],
  pristine: internalsOfSignals,
  write(value: AbortSignal, out: Out): string {
    if (isAborted.call(value)) return `["signal",${out.value(reasonOf.call(value))}]`;
    const { listeners, sources } = signalState(value);
    if (
      sources === null &&
      Object.getOwnPropertySymbols(value).some(({ description }) =>
        /^k(SourceSignals|Timeout)$/.test(description!),
      )
    )
      return out.refuse("an AbortSignal that unmarked code made to follow others, or a clock");
    const { onabort } = value;
    if (listeners.length === 0 && sources === null && onabort === null) return '["signal"]';
    let text = `["listening",${sources === null ? 0 : `[${sources.map((one) => out.value(one)).join()}]`}`;
    for (const { type, listener, once, capture } of listeners)
      text += `,${quote(type)},${out.value(listener)},${(once ? ONCE : 0) | (capture ? CAPTURE : 0)}`;
    if (onabort !== null) text += `,"abort",${out.value(onabort)},${HANDLER}`;
    return `${text}]`;
  },
  allocate(node: Node, input: In): unknown {
    if (node[0] === "listening" && node[1] !== 0) {
      if (!("any" in AbortSignal)) return lacking("AbortSignal that follows others");
      return follow(
        list(node[1]).map((raw) => input.node(list(raw)[0], ["signal", "listening"]) as AbortSignal),
      );
    }
    const controller = new AbortController();
    controllers.set(controller.signal, controller);
    return controller.signal;
  },
  fill(value: AbortSignal, node: Node, input: In): void {
    if (node[0] === "listening") readListeners(value, node, input);
    else if (node.length > 1) controllers.get(value)!.abort(input.value(node[1]));
  },
};
