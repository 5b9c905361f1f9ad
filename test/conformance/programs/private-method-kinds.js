// Private async methods and generators of classes of all sorts (§15.7.14): what reads them for their kind runs nothing of the author.
const tag = (f) => Object.prototype.toString.call(f) + Object.prototype.hasOwnProperty.call(f, "prototype");
let runs = 0;
class A { constructor({ a }, [b] = (runs++, [1])) { runs++; this.a = a + b; } async #m() {} *#g() {} static #n = 1; x = runs++; m() { return [tag(this.#m), tag(this.#g)].join(); } }
print(runs); print(new A({ a: 1 }).m(), runs);
class B extends A { #own = runs++; async *#m() {} constructor(o) { runs++; super(o); } m2() { return tag(this.#m); } }
print(runs, new B({ a: 1 }).m2(), runs, new B({ a: 2 }).m());
class N extends null { async #m() {} static has(o) { return #m in o; } constructor() { return Object.create(N.prototype); } static make() { return N.has({}); } }
print(N.make(), Object.getPrototypeOf(N.prototype));
const log = [];
const P = new Proxy(class { constructor() { log.push("constructed"); } }, { get(t, k, r) { log.push("get " + String(k)); return Reflect.get(t, k, r); }, construct(t, a, n) { log.push("construct"); return Reflect.construct(t, a, n); }, getPrototypeOf(t) { log.push("proto"); return Reflect.getPrototypeOf(t); } });
class Q extends P { async #m() {} *#g() {} kind() { return tag(this.#m) + tag(this.#g); } }
print(log.join()); print(new Q().kind(), log.join());
function F() { return F.object; } F.object = { shared: true };
class R extends F { async #m() {} static kind(o) { return tag(o.#m); } }
print(R.kind(new R()), Object.keys(F.object).join()); 
try { new R(); print("again"); } catch (e) { print(e.constructor.name); }
class S extends Array { async #m() {} kind() { return tag(this.#m); } }
print(new S(3).length, new S(1, 2).kind(), S.from([1]).kind());
class E2 extends Error { *#m() {} kind() { return tag(this.#m); } } print(new E2("x").kind(), new E2("x").message);
const made = (n) => class extends (n ? A : Object) { static async #s() { return n; } async #m() {} get v() { return tag(this.#m) + (this.#m === this.#m); } static same(a, b) { return a.#m === b.#m; } static s() { return tag(this.#s); } };
const [X, Y] = [made(0), made(1)]; print(new X().v, new Y({ a: 1 }).v, X.same(new X(), new X()), X.s(), Y.s());
try { X.same(new X(), new Y({ a: 1 })); } catch (e) { print(e.constructor.name); }
class Sealed { async #m() {} static #s() {} static { Object.freeze(this); Object.freeze(this.prototype); } k() { return tag(this.#m); } } print(new Sealed().k());
class NewTarget { constructor() { print(new.target === NewTarget, new.target.name); } async #m() {} } new NewTarget(); new (class Sub extends NewTarget { *#g() {} })();
abstract: { class T { constructor() { if (new.target === T) throw new TypeError("abstract"); } async #m() {} k() { return tag(this.#m); } } print(new (class U extends T {})().k()); try { new T(); } catch (e) { print(e.message); } }
class Counter { static made = 0; #id = ++Counter.made; async #m() {} static n() { return new Counter().#id; } } print(Counter.made, Counter.n());
var o = { f() { return class { *#z() { yield 1; } z() { return [...this.#z()]; } }; } }; print(new (o.f())().z().join());
