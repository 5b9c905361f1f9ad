// Combinators call resolve and then as the specification says (§27.2.4).
// flags: async
asyncTest(async () => {
  const log = [];
  const watch = (name, value) => ({ get then() { log.push(`get ${name}`); return (f) => { log.push(`then ${name}`); f(value); }; } });
  assert.list(await Promise.all([watch("a", 1), watch("b", 2)]), [1, 2]);
  print(log.join());
  log.length = 0;
  const iterable = { *[Symbol.iterator]() { try { yield 1; throw new RangeError(); } finally { log.push("finally"); } } };
  await assert.rejects(RangeError, () => Promise.all(iterable));
  await assert.rejects(TypeError, () => Promise.all(5));
  const never = new Promise(() => {});
  const first = await Promise.race([never, (async () => { await 0; return "fast"; })(), (async () => { await 0; await 0; return "slow"; })()]);
  assert.same(first, "fast");
  const [x, y] = await Promise.all([(async () => { await 0; log.push("x"); return "x"; })(), (async () => { log.push("y"); return "y"; })()]);
  assert.list([x, y, ...log], ["x", "y", "finally", "y", "x"]);
  const e = await Promise.any([Promise.reject(1), (async () => { throw 2; })()]).catch((error) => error);
  assert.list(e.errors, [1, 2]);
  const nested = await Promise.all([Promise.all([1, Promise.all([2])]), Promise.race([Promise.any([3])])]);
  assert.list([nested[0][0], nested[0][1][0], nested[1]], [1, 2, 3]);
});
