// flags: sloppy, async
// Parameters and arguments object of sloppy functions are one (§10.4.4), also across awaits and in closures.
async function props(a) { a = 3; await 1; return arguments; }
async function f(a, b) { await 1; a = 5; return [arguments[0], arguments.length]; }
async function g(a) { arguments[0] = 7; await 1; return a; }
async function h(a) { delete arguments[0]; await 1; arguments[0] = 3; return a; }
async function k(a, b) { arguments[1] = 3; await 1; return b; }
async function d(a) { Object.defineProperty(arguments, "0", { writable: false, value: 9 }); await 1; a = 10; return [a, arguments[0]]; }
async function l(a) { for (let i = 0; i < 3; i++) { a += await 1; } return arguments[0]; }
async function m(a) { const x = () => { a++; }; await 1; x(); return arguments[0] + [].join.call(arguments, "-"); }
function* gen(a) { a = yield arguments[0]; return arguments[0]; }
function clos(a) { const inc = () => ++a; inc(); return [a, arguments[0]]; }
asyncTest(async () => {
  assert.list(await f(1), [5, 1]); assert.same(await g(1), 7); assert.same(await h(1), 1); assert.same(await k(1), undefined);
  assert.list(await d(1), [10, 9]); assert.same(await l(1), 4); assert.same(await m(1, 9), "22-9");
  var i = gen(4); assert.same(i.next().value, 4); assert.same(i.next(8).value, 8);
  assert.list(clos(1), [2, 2]);
  var x = await props(1, 2); assert.same(Object.prototype.toString.call(x), "[object Arguments]");
assert.same(x[0], 3);
assert.property(x, "length", { value: 2, writable: true, enumerable: false, configurable: true });
assert.property(x, "callee", { value: props, writable: true, enumerable: false, configurable: true });
assert.same(x[Symbol.iterator], [].values); assert.list(Object.keys(x), ["0", "1"]); 
});
