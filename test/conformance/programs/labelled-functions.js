// flags: sloppy, async
// A label of a function declaration (§B.3.1), and `let` as a name (§12.7.1).
top: also: function labelled() {
  return 1;
}
assert.same(labelled(), 1);
async function inner() {
  l: function g() {
    return 2;
  }
  await 1;
  {
    m: function h() {
      return g() + 1;
    }
  }
  return h();
}
async function names() {
  var let = await 1;
  let = let + (await 1);
  return () => let++;
}
asyncTest(async () => {
  assert.same(await inner(), 3);
  const f = await names();
  assert.list([f(), f()], [2, 3]);
});
