// Ordinary functions, compiled.
var log = [];
function F(x) { this.x = x; if (new.target === undefined) return "called"; }
F.prototype.get = function () { return this.x; };
assert.same(new F(1).get(), 1);
assert.same(F.call({}, 1), "called");
assert.same(F.length, 1);
assert(F.hasOwnProperty("prototype"));
assert.same(F.prototype.constructor, F);
var factorial = function self(n) { return n < 2 ? 1 : n * self(n - 1); };
assert.same(factorial(5), 120);
function sum() { var total = 0; for (var i = 0; i < arguments.length; i++) total += arguments[i]; return total; }
assert.same(sum(1, 2, 3), 6);
function scope() { if (true) { var inner = 1; } return typeof inner; }
assert.same(scope(), "number");
function order(a = log.push("a"), b = log.push("b")) { log.push("body"); return [a, b]; }
order(undefined, 1);
assert.list(log, ["a", "body"]);
var getters = { get a() { return this._a ?? "none"; }, set a(v) { this._a = v; } };
getters.a = 1;
assert.same(getters.a, 1);
var counter = { n: 0, inc() { return () => ++this.n; } };
counter.inc()();
assert.same(counter.n, 1);
assert.throws(ReferenceError, function () { x; let x; });
assert.throws(TypeError, function () { const c = 1; c = 2; });
assert.throws(RangeError, function deep() { deep(); });
assert.same((function () { try { return 1; } finally { log.push("f"); } })(), 1);
assert.same([1, [2, [3]]].flat(Infinity).map((n) => n * 2).join(), "2,4,6");
assert.same(((a, b = a, ...c) => c.length)(1, 2, 3, 4), 2);
label: { break label; }
var { a, ...others } = { a: 1, b: 2 };
assert.same(others.b, 2);
assert.same(eval.name, "eval");
