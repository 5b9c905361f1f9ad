// Callbacks of built-ins that are compiled functions.
// flags: async
asyncTest(async () => {
  assert.list(await Promise.all([3, 1, 2].map(async (x, i, all) => { await 0; return x * all.length + i; })), [9, 4, 8]);
  assert.same(await [1, 2, 3].reduce(async (sum, x) => (await sum) + x, 0), 6);
  const sorted = [3, 1, 2].sort((a, b) => a - b);
  assert.list(sorted, [1, 2, 3]);
  assert.same("a-b".replace(/-(.)/, (_, x) => x.toUpperCase()), "aB");
  assert.same(JSON.stringify({ a: [1, { toJSON: () => "j" }] }, (k, v) => (k === "0" ? 2 : v)), '{"a":[2,"j"]}');
  const proxy = new Proxy({}, { get: (_t, key) => (key === "then" ? undefined : async () => { await 0; return key; }) });
  assert.same(await proxy.anything(), "anything");
  assert.same(await (await proxy).other(), "other");
  const from = Array.from({ length: 2 }, async (_, i) => { await 0; return i; });
  assert.list(await Promise.all(from), [0, 1]);
  const bound = async function (...rest) { await 0; return [this, ...rest]; }.bind("this", 1);
  assert.same((await bound(2)).length, 3);
  assert.same(String(await Reflect.apply(async function () { await 0; return typeof this; }, Object("x"), [])), "object");
  assert.list([..."ab"].entries().next().value, [0, "a"]);
  const text = await `${await "a"}${((x) => x)`${1}`.length}`;
  assert.same(text, "a2");
  assert.same(new (class { constructor() { this.p = (async () => { await 0; return this; })(); } })().p instanceof Promise, true);
});
