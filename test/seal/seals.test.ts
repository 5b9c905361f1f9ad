/** Seals by themselves: there and back, keys, and whatever somebody did to the bytes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memory } from "../../stores/memory/index.ts";
import { aesGcm, deflate, gzip, hmac, type Key, type Seal, sealed } from "../../stores/sealed/index.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const context = bytesOf("state\nrun");
const key = (n: number) => new Uint8Array(32).fill(n);
const keyed = [
  ["aesGcm()", aesGcm],
  ["hmac()", hmac],
] as const;
const all: readonly (readonly [string, Seal])[] = [
  ...keyed.map(([name, make]) => [name, make({ keys: { k: key(1) }, current: "k" })] as const),
  ["gzip()", gzip({ from: 0 })],
  ["deflate()", deflate({ from: 0 })],
  ["gzip() of short texts", gzip()],
];

describe.each(all)("%s", (_, seal) => {
  it("gives back any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
        const sealedBytes = await seal.seal(new Uint8Array(bytes), context);
        expect(await seal.open(sealedBytes, context)).toEqual(new Uint8Array(bytes));
      }),
      { numRuns: 50 },
    );
  });

  it("refuses what is cut off with CF2203 or CF2202", async () => {
    const whole = await seal.seal(
      bytesOf("a text that is compressed, compressed, compressed".repeat(9)),
      context,
    );
    for (let length = 0; length < whole.length; length += 7) {
      const opened = await seal.open(whole.slice(0, length), context).catch((error) => error.code);
      // What was not packed has no end that could be missed: a compressor is no authenticator.
      if (whole[0] === 0)
        expect(["CF2203", "object"]).toContain(typeof opened === "string" ? opened : typeof opened);
      else expect(opened).toMatch(/^CF220[23]$/);
    }
  });
});

describe.each(keyed)("%s", (owner, make) => {
  const text = bytesOf("a text");

  it("refuses every flipped bit, another context and another key", async () => {
    const seal = make({ keys: { k: key(1) }, current: "k" });
    const whole = await seal.seal(text, context);
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const other = whole.slice();
      other[bit >> 3]! ^= 1 << (bit & 7);
      await expect(seal.open(other, context)).rejects.toMatchObject({
        code: expect.stringMatching(/^CF220[23]$/),
      });
    }
    await expect(seal.open(whole, bytesOf("state\nother"))).rejects.toMatchObject({ code: "CF2203" });
    await expect(make({ keys: { k: key(2) }, current: "k" }).open(whole, context)).rejects.toMatchObject({
      code: "CF2203",
    });
  });

  it("opens what old keys sealed, by their ids, and says which is missing", async () => {
    const before = make({ keys: { old: key(1) }, current: "old" });
    const whole = await before.seal(text, context);
    const after = make({ keys: { old: key(1), new: key(2) }, current: "new" });
    expect(await after.open(whole, context)).toEqual(text);
    const fresh = await after.seal(text, context);
    await expect(before.open(fresh, context)).rejects.toThrow(/^CF2202 .*no key "new"/);
  });

  it("takes bytes, base64, keys of WebCrypto, and a function that gets them", async () => {
    const base64 = btoa(String.fromCharCode(...key(1)));
    const algorithm = owner === "hmac()" ? { name: "HMAC", hash: "SHA-256" } : { name: "AES-GCM" };
    const usages: KeyUsage[] = owner === "hmac()" ? ["sign", "verify"] : ["encrypt", "decrypt"];
    const imported = await crypto.subtle.importKey("raw", key(1), algorithm, false, usages);
    const seals = [key(1), base64, imported].map((one: Key) => make({ keys: { k: one }, current: "k" }));
    let asked = 0;
    const fetchKey = async (id: string) => {
      asked++;
      return id === "k" ? base64 : undefined;
    };
    seals.push(make({ keys: fetchKey, current: "k" }));
    for (const a of seals)
      for (const b of seals) expect(await b.open(await a.seal(text, context), context)).toEqual(text);
    expect(asked).toBe(1);
    const silent = make({
      keys: () => {
        throw new Error("no answer");
      },
      current: "k",
    });
    await expect(silent.seal(text, context)).rejects.toThrow(/"k" cannot be had: no answer/);
  });

  it.each([
    [{ keys: { k: new Uint8Array(5) }, current: "k" }, /"keys\.k" must be/],
    [{ keys: { k: "§§§" }, current: "k" }, /"keys\.k" must be/],
    [{ keys: { k: key(1) }, current: "j" }, /"current" must be one of the keys: k/],
    [{ keys: { k: key(1) } }, /"current" must be/],
    [{ current: "k" }, /"keys" must be/],
  ])("refuses wrong options %#", (options, message) => {
    expect(() => make(options as never)).toThrow(message);
    expect(() => make(options as never)).toThrow(expect.objectContaining({ code: "CF2301" }));
  });
});

it("does not unpack a few bytes to more than was agreed", async () => {
  const bomb = await gzip().seal(new Uint8Array(5_000_000), context);
  expect(bomb.length).toBeLessThan(10_000);
  await expect(gzip({ most: 1_000_000 }).open(bomb, context)).rejects.toMatchObject({ code: "CF2203" });
});

it("refuses wrong arguments of sealed()", () => {
  const make =
    (...args: unknown[]) =>
    () =>
      (sealed as (...args: unknown[]) => unknown)(memory(), ...args);
  for (const wrong of [
    make(undefined),
    make([{}]),
    make([gzip], {}),
    make([gzip()], { before: [[gzip()]] }),
    make([], { old: [] }),
  ])
    expect(wrong).toThrow(expect.objectContaining({ code: "CF2301" }));
});
