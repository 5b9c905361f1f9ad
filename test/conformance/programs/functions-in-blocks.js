// Functions declared in blocks of sloppy code (§B.3.2).
// flags: async sloppy
var seen = [typeof blk];
{ seen.push(blk()); function blk() { return async () => "b"; } }
seen.push(typeof blk);
if (true) function branch() { return 1; }
seen.push(typeof branch);
switch (1) { case 1: function inCase() { return 2; } }
seen.push(inCase());
assert.list([seen[0], typeof seen[1], ...seen.slice(2)], ["undefined", "function", "function", "function", 2]);
asyncTest(async () => {
  const a = [typeof f];
  { a.push(f(1)); await 0; function f(x) { return x; } f = 5; a.push(f); }
  a.push(typeof f);
  assert.list(a, ["undefined", 1, 5, "function"]);
  let conflict = "let";
  { function conflict() {} }
  assert.same(conflict, "let");
  const p = async (q) => { { function q() {} } await 0; return q; };
  assert.same(await p("parameter"), "parameter");
  { async function notHoisted() {} function* neither() {} }
  assert.list([typeof notHoisted, typeof neither], ["undefined", "undefined"]);
});
