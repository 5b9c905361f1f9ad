// What code holds while others are suspended stays what it is.
// flags: async
var held = {};
async function f(input) { held.input = input; held.inc = () => ++input.n; let local = { n: 1 }; held.local = local; await 0; local.n++; await held.gate; return [local, input]; }
asyncTest(async () => {
  let open;
  held.gate = new Promise((r) => { open = r; });
  const input = { n: 1 };
  const p = f(input);
  await 0; await 0;
  assert.same(held.input, input);
  held.inc(); held.local.n += 10;
  open();
  const [local, back] = await p;
  assert.same(back, input);
  assert.same(local, held.local);
  assert.list([local.n, input.n], [12, 2]);
  const weak = new WeakMap([[input, 1]]);
  await 0;
  assert.same(weak.get(back), 1);
});
