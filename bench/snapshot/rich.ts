/**
 * A frame of 2.7 KB with dates, maps, sets, bigints, buffers, shared references and a cycle, beside what other encoders take for the
 * same values: `v8.serialize`, `cbor-x`, `devalue` and `superjson`.
 */
import { deserialize, serialize } from "node:v8";
import { Decoder, Encoder } from "cbor-x";
import * as devalue from "devalue";
import SuperJSON from "superjson";
import { Run } from "../../runtime/machine/index.ts";
import { decodeRun, encodeRun } from "../../runtime/snapshot/index.ts";
import { begin, hold, host } from "../../test/snapshot/programs.ts";
import { measure, type Row, row } from "./measure.ts";

/** An order of a shop, as a workflow would have it in a local. */
export function richValue(): Record<string, unknown> {
  const customer: Record<string, unknown> = {
    id: 48_211,
    name: "Zoë Ångström",
    email: "zoe@example.com",
    since: new Date(1_600_000_000_000),
    roles: new Set(["buyer", "admin"]),
    address: { street: "12 Hill Road", city: "Lund", zip: "222 22", at: [55.7047, 13.191] },
  };
  const items = Array.from({ length: 8 }, (_, i) => ({
    sku: `SKU-${1000 + i}`,
    title: `Article number ${i} with a longer title`,
    quantity: i + 1,
    price: 1999n + BigInt(i) * 250n,
    added: new Date(1_700_000_000_000 + i * 60_000),
    options: { colour: i % 2 === 0 ? "black" : "white", engraved: i === 3 },
  }));
  const order: Record<string, unknown> = {
    id: "9f1c2b34-5d6e-4f70-8a91-b2c3d4e5f607",
    customer,
    items,
    stock: new Map<string, unknown>(items.map((item) => [item.sku, item])),
    prices: new Map([
      ["list", 12_345_678_901_234_567_890n],
      ["paid", 99n],
    ]),
    seen: new Set([customer, items[0], "eof"]),
    key: new Uint8Array(Array.from({ length: 64 }, (_, i) => (i * 37) & 255)),
    log: [
      { at: new Date(1_700_000_100_000), text: "reserved", by: customer },
      { at: new Date(1_700_000_200_000), text: "paid\nwith card", by: customer },
      { at: new Date(1_700_000_300_000), text: "packed", by: undefined },
    ],
    note: "Leave it with the neighbour, please; the bell is broken. ".repeat(4),
    total: -0.5,
    limit: Number.POSITIVE_INFINITY,
  };
  order.self = order;
  customer.last = order;
  return order;
}

const CALLS = 2_000;

export function richRows(): Row[] {
  const value = richValue();
  const run = begin(hold, () => value);
  const { text } = encodeRun(run);
  const cbor = new Encoder({ structuredClone: true });
  const decoder = new Decoder({ structuredClone: true });
  const peers = [
    { name: "v8.serialize", encode: () => serialize(value), decode: deserialize },
    { name: "cbor-x", encode: () => cbor.encode(value), decode: (bytes: Buffer) => decoder.decode(bytes) },
    { name: "devalue", encode: () => devalue.stringify(value), decode: (t: string) => devalue.parse(t) },
    // It writes no cycles: the order without them.
    { name: "superjson", encode: () => SuperJSON.stringify(tree), decode: (t: string) => SuperJSON.parse(t) },
  ];
  const tree = { ...value, self: null, customer: { ...(value.customer as object), last: null } };
  const encoded = peers.map(({ encode }) => encode());
  const [out, ...outs] = measure(CALLS, () => encodeRun(run), ...peers.map(({ encode }) => encode));
  const [back, ...backs] = measure(
    CALLS,
    () => decodeRun(text, new Run("run-1", host)),
    ...peers.map(
      ({ decode }, i) =>
        () =>
          decode(encoded[i] as never),
    ),
  );
  const told = (figures: readonly number[]) =>
    peers.map(({ name }, i) => `${name} ${figures[i]!.toFixed(0)}`).join(", ");
  console.log(`  a frame of ${text.length} bytes; encode: ${told(outs)} us; decode: ${told(backs)} us`);
  return [
    row("rich.encode", out!, "us", outs[1]!, "<= 30 us", out! <= 30),
    row("rich.decode", back!, "us", backs[1]!, "<= 30 us", back! <= 30),
  ];
}
