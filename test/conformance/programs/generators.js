// Sync generators (§15.5, §27.5).
var log = [];
function* g(a, b = log.push("default")) { log.push("body"); const x = yield a; log.push(x); try { yield b; } finally { log.push("finally"); } return "end"; }
var GeneratorFunction = Object.getPrototypeOf(g).constructor;
assert.same(GeneratorFunction.name, "GeneratorFunction");
assert.same(Object.prototype.toString.call(g), "[object GeneratorFunction]");
var it = g(1);
assert.list(log, ["default"]);
assert.same(Object.prototype.toString.call(it), "[object Generator]");
assert.same(it[Symbol.iterator](), it);
assert(it instanceof g);
assert.same(it.next("ignored").value, 1);
assert.same(it.next("x").value, 1);
var end = it.return("r");
assert.list([end.value, end.done], ["r", true]);
assert.list(log, ["default", "body", "x", "finally"]);
assert.same(it.next().done, true);
assert.throws(TypeError, () => new g());
assert.throws(RangeError, () => g().throw(new RangeError()));
function* delegate() { const r = yield* g(5); return r; }
var d = delegate();
var lengths = [...d];
assert.list(lengths, [5, 6]);
function* running() { self.next(); }
var self = running();
assert.throws(TypeError, () => self.next());
var caught = (function* () { for (;;) { try { yield 1; } catch (e) { yield e; } } })();
caught.next();
assert.same(caught.throw("t").value, "t");
assert.same(caught.next().value, 1);
var [first, ...rest] = (function* () { yield* [1, 2]; yield* "ab"; })();
assert.list([first, ...rest], [1, 2, "a", "b"]);
var o = { *method() { yield this; }, *[Symbol.iterator]() { yield 1; yield 2; } };
assert.same(o.method().next().value, o);
assert.list([...o], [1, 2]);
