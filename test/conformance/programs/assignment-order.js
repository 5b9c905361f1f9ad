// References are evaluated before what is assigned to them (§13.15).
// flags: async
asyncTest(async () => {
  const log = [];
  const t = (name, value) => (log.push(name), value);
  let o = { x: 1, y: { z: 2 } };
  const old = o;
  o.x = await ((o = { x: 9 }), t("v", 7));
  assert.list([old.x, o.x], [7, 9]);
  t("base", old)[t("key", "x")] = await t("value", 8);
  assert.list(log, ["v", "base", "key", "value"]);
  const list = [1, 2, 3];
  let i = 2;
  list[i--] += await ((i = 0), 10);
  assert.list([...list, i], [1, 2, 13, 0]);
  let n = 1;
  n += await ((n = 5), 10);
  assert.same(n, 11);
  n = 2;
  n **= await 3;
  assert.same(n, 8);
  assert.same((n = await 4) + n, 8);
  let a, b;
  a = b = await 6;
  assert.list([a, b], [6, 6]);
  [a, b] = [b + 1, await a];
  assert.list([a, b], [7, 6]);
  const accessors = { set s(v) { log.push(`set ${v}`); }, get s() { log.push("get"); return 1; } };
  log.length = 0;
  accessors.s += await 2;
  accessors.s ??= await 3;
  assert.list(log, ["get", "set 3", "get"]);
  await assert.rejects(TypeError, async () => { let u; u.x = await t("evaluated", 1); });
  assert.same(log.at(-1), "evaluated");
});
