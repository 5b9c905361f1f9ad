// Closures share variables, each scope has its own, dead zones throw.
// flags: async
asyncTest(async () => {
  let n = 0;
  const inc = () => ++n;
  const later = async () => { await 0; return inc(); };
  inc(); await later(); await 0;
  assert.same(n, 2);
  const fs = [];
  { let x = await 1; fs.push(() => x++, () => x); }
  { let x = await 10; fs.push(() => x); }
  fs[0]();
  assert.list([fs[1](), fs[2]()], [2, 10]);
  await assert.rejects(ReferenceError, async () => { const g = () => late; g(); let late = await 1; });
  await assert.rejects(ReferenceError, async () => { await 0; typeof dead; let dead; });
  await assert.rejects(TypeError, async () => { const c = await 1; const g = () => { c = 2; }; g(); });
  assert.same(typeof hoistedBelow, "function");
  assert.same(await hoistedBelow(), 5);
  async function hoistedBelow() { await 0; return 5; }
  const fact = async function self(k) { await 0; return k < 2 ? 1 : k * (await self(k - 1)); };
  assert.same(await fact(5), 120);
  const parameters = async (a, get = () => a, set = (v) => { a = v; }) => { await 0; set(a + 1); return [a, get()]; };
  assert.list(await parameters(1), [2, 2]);
  const counter = (() => { let c = 0; return { async inc() { await 0; return ++c; }, get value() { return c; } }; })();
  await Promise.all([counter.inc(), counter.inc()]);
  assert.same(counter.value, 2);
});
