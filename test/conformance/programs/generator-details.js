// Generators: prototypes, delegation, abrupt completions.
var log = [];
function* g() { yield 1; }
assert.same(Object.getPrototypeOf(g()), g.prototype);
g.prototype = null;
assert(Object.getPrototypeOf(g()) !== null);
assert.property(g, "length", { value: 0, writable: false, enumerable: false, configurable: true });
var inner = { [Symbol.iterator]() { return this; }, next(v) { log.push(`next ${v}`); return { value: 1, done: false }; }, return(v) { log.push(`return ${v}`); return { value: `r${v}`, done: true }; }, throw(v) { log.push(`throw ${v}`); return { value: `t${v}`, done: true }; } };
function* outer() { try { const r = yield* inner; log.push(r); yield 2; } finally { log.push("finally"); } }
var a = outer();
a.next("ignored"); a.next("n"); assert.same(a.throw("e").value, 2);
assert.list(log, ["next undefined", "next n", "throw e", "te", ]);
assert.list([a.return(5).value, log.at(-1)], [5, "finally"]);
log.length = 0;
var b = outer();
b.next();
assert.list([b.return(3).value, ...log], ["r3", "next undefined", "return 3", "finally"]);
var c = (function* () { try { yield 1; } finally { return "override"; } })();
c.next();
assert.list([c.return("x").value, c.next().value], ["override", undefined]);
var d = (function* () { try { yield 1; } finally { yield "in finally"; } })();
d.next();
var held = d.return("r");
assert.list([held.value, held.done, d.next().value], ["in finally", false, "r"]);
function* fib() { let [x, y] = [0, 1]; for (;;) { yield x; [x, y] = [y, x + y]; } }
var ten = [];
for (const n of fib()) { if (n > 50) break; ten.push(n); }
assert.same(ten.join(), "0,1,1,2,3,5,8,13,21,34");
function* args() { yield arguments.length; yield* arguments; }
assert.list([...args("a", "b")], [2, "a", "b"]);
function* walk(tree) { if (!tree) return; yield* walk(tree.l); yield tree.v; yield* walk(tree.r); }
assert.list([...walk({ v: 2, l: { v: 1 }, r: { v: 3 } })], [1, 2, 3]);
assert.list([...(function* () { const x = yield; yield [typeof x]; })()].map(String), ["undefined", "undefined"]);
