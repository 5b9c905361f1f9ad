// for await over sync and async iterables (§14.7.5.6, §27.1.6).
// flags: async
asyncTest(async () => {
  const log = [];
  for await (const x of [1, Promise.resolve(2), { then(f) { f(3); } }]) log.push(x);
  assert.list(log, [1, 2, 3]);
  async function* g() { try { yield 1; yield Promise.resolve(2); yield 3; } finally { log.push("closed"); await 0; log.push("really"); } }
  log.length = 0;
  for await (const x of g()) { log.push(x); if (x === 2) break; }
  assert.list(log, [1, 2, "closed", "really"]);
  log.length = 0;
  await assert.rejects(RangeError, async () => { for await (const x of [1, Promise.reject(new RangeError()), 3]) log.push(x); });
  assert.list(log, [1]);
  const it = { i: 0, [Symbol.asyncIterator]() { return this; }, next() { return { value: this.i, done: this.i++ > 1 }; }, get return() { log.push("get return"); return undefined; } };
  for await (const x of it) if (x === 1) break;
  assert.same(log.at(-1), "get return");
  await assert.rejects(TypeError, async () => { for await (const x of 5); });
  await assert.rejects(TypeError, async () => { for await (const x of { [Symbol.asyncIterator]: () => ({ next: () => 1 }) }); });
});
