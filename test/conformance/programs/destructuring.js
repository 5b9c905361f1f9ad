// Destructuring with awaits in defaults, keys and targets.
// flags: async
asyncTest(async () => {
  const log = [];
  const source = { get a() { log.push("get a"); return undefined; }, get b() { log.push("get b"); return 2; }, c: 3, d: 4 };
  const { a = (log.push("default a"), await 1), b = log.push("never"), ...rest } = source;
  assert.list([a, b, rest.c, rest.d, Object.keys(rest).length], [1, 2, 3, 4, 2]);
  assert.list(log, ["get a", "default a", "get b"]);
  const { [await "c"]: c, ["x" + (await 1)]: x1 = await 9 } = source;
  assert.list([c, x1], [3, 9]);
  let closed = 0;
  const iterable = { [Symbol.iterator]() { let i = 0; return { next: () => ({ value: ++i, done: false }), return() { closed++; return {}; } }; } };
  const [p, , q = 0, r = await 5] = iterable;
  assert.list([p, q, r, closed], [1, 3, 4, 1]);
  const [s = await 6, ...t] = [undefined, 1, 2];
  assert.list([s, ...t], [6, 1, 2]);
  const target = {};
  [target[await "m"], target.n = await 7, ...target.rest] = [1, undefined, 3];
  assert.list([target.m, target.n, ...target.rest], [1, 7, 3]);
  ({ a: target.o, b: [target.p] = await [8] } = { a: 1 });
  assert.list([target.o, target.p], [1, 8]);
  await assert.rejects(TypeError, async () => { const { z } = await null; });
  await assert.rejects(TypeError, async () => { const [z] = await {}; });
  await assert.rejects(ReferenceError, async () => { const { z = y, y } = await {}; });
  const f = async ({ a, b = a + 1 }, [c2 = b] = [], ...[d2]) => { await 0; return [a, b, c2, d2]; };
  assert.list(await f({ a: 1 }, undefined, 5), [1, 2, 2, 5]);
  const { length } = await "four";
  assert.same(length, 4);
  const { fn = async () => {} } = await {};
  assert.same(fn.name, "fn");
});
