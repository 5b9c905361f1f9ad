// flags: async, sloppy
// `for (var k = v in o)` of sloppy code (§B.3.5).
for (var a = 1 in {});
assert.same(a, 1);
asyncTest(async () => {
  const order = [];
  for (var b = 2 in {}) await order.push("never");
  assert.same(b, 2);
  for (var c = (order.push("value"), await 3) in (order.push("object"), { key: 1 })) {
    order.push(c);
    await 0;
  }
  assert.same(c, "key");
  assert.list(order, ["value", "object", "key"]);
});
