// Loops with awaits: iterators are closed, bindings are fresh, labels lead where they should.
// flags: async
asyncTest(async () => {
  const fs = [];
  for (let i = 0; i < 3; i++) { fs.push(() => i); await i; if (i === 1) i += 0; }
  assert.list(fs.map((f) => f()), [0, 1, 2]);
  const log = [];
  const make = (n, on = {}) => ({ [Symbol.iterator]() { let i = 0; return { next() { log.push("next"); return { value: i, done: i++ >= n }; }, return() { log.push("return"); if (on.throws) throw new RangeError(); return {}; } }; } });
  for (const x of make(5)) { await x; if (x === 1) break; }
  assert.list(log, ["next", "next", "return"]);
  await assert.rejects(SyntaxError, async () => { for (const x of make(5, { throws: true })) { await 0; throw new SyntaxError(); } });
  await assert.rejects(RangeError, async () => { for (const x of make(5, { throws: true })) { await 0; break; } });
  assert.same(await (async () => { for (const x of make(5)) { await 0; return "returned"; } })(), "returned");
  const seen = [];
  outer: for (const a of [1, 2, 3]) { for (const b of [1, 2, 3]) { await 0; if (b === 2) continue outer; if (a === 3) break outer; seen.push(a * 10 + b); } }
  assert.list(seen, [11, 21]);
  const keys = [];
  for (const k in Object.create({ inherited: 1 }, { own: { value: 1, enumerable: true }, hidden: { value: 1 } })) { keys.push(k); await 0; }
  assert.list(keys, ["own", "inherited"]);
  const map = new Map([[1, 1], [2, 2]]);
  const visited = [];
  for (const [k] of map) { visited.push(k); map.delete(k); if (k < 4) map.set(k + 2, 0); await 0; }
  assert.list(visited, [1, 2, 3, 4, 5]);
  const list = [1, 2];
  const grown = [];
  for (const x of list) { grown.push(x); if (x < 5) list.push(x + 3); await 0; }
  assert.list(grown, [1, 2, 4, 5, 7]);
  let n = 0;
  do { await n; if (n === 1) continue; } while (n++ < 3);
  assert.same(n, 4);
  var hoisted = [];
  for (var v of ["a", "b"]) { await 0; hoisted.push(() => v); }
  assert.list(hoisted.map((f) => f()), ["b", "b"]);
  switch (await 2) { case 1: assert(false); case await 2: n = "two"; case 3: n += await "!"; break; default: assert(false); }
  assert.same(n, "two!");
});
