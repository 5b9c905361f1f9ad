// Async generators (§15.6, §27.6).
// flags: async
async function* g() { const x = yield 1; try { yield x; await 0; yield Promise.resolve(3); } finally { await 0; } return "end"; }
asyncTest(async () => {
  assert.same(Object.prototype.toString.call(g), "[object AsyncGeneratorFunction]");
  const it = g();
  assert.same(Object.prototype.toString.call(it), "[object AsyncGenerator]");
  assert.same(it[Symbol.asyncIterator](), it);
  const results = await Promise.all([it.next(), it.next("x"), it.next(), it.next(), it.next()]);
  assert.list(results.map((one) => `${one.value} ${one.done}`), ["1 false", "x false", "3 false", "end true", "undefined true"]);
  const second = g();
  await second.next();
  const [back, after] = await Promise.all([second.return(Promise.resolve("r")), second.next()]);
  assert.list([back.value, back.done, after.done], ["r", true, true]);
  const third = g();
  await assert.rejects(RangeError, () => third.throw(new RangeError()));
  assert.same((await third.next()).done, true);
  async function* outer() { const r = yield* g(); yield r; yield* [7, Promise.resolve(8)]; }
  const all = [];
  for await (const x of outer()) all.push(x);
  assert.list(all, [1, undefined, 3, "end", 7, 8]);
  await assert.rejects(TypeError, () => it.next.call({}));
});
