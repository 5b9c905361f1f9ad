// Elements of classes: order, kinds, descriptors, private names, what constructors may return (§15.7).
// flags: async
const probe = (f) => { try { const v = f(); print(typeof v === "function" ? "fn " + v.name : JSON.stringify(v) + typeof v); } catch (e) { print("throws", e.constructor.name); } };
const desc = (o, k) => { const d = Object.getOwnPropertyDescriptor(o, k); if (!d) return print(String(k), "none"); print(String(k), Object.keys(d).map((x) => x + ":" + (typeof d[x] === "function" ? "f" : String(d[x]))).join()); };
const AsyncFunction = (async () => {}).constructor;
const order = [];
const k = (n) => { order.push(n); return n; };
class P { constructor(...a) { this.a = a; } static s() { return "P.s"; } get g() { return "P.g"; } m() { return "P.m"; } }
class C extends (k("heritage"), P) {
  static [k("static a")] = k("value a");
  [k("field b")] = k("value b");
  static { k("block 1"); }
  get [k("get c")]() { return 1; }
  set [k("set d")](v) {}
  static async [k("async e")]() {}
  static *[k("gen f")]() {}
  async *[k("agen g")]() {}
  static { k("block 2"); }
  static #p = k("private p");
  #q = k("private q");
  static async #r() { return this.#p; }
  *#s() { yield this.#q; }
  async *#t() { yield this.#q; }
  static r() { return this.#r(); }
  s() { return [...this.#s()]; }
  t() { return this.#t(); }
  kinds() { return [this.#s, this.#t, C.#r].map((f) => [f.name, f.length, Object.prototype.toString.call(f), Object.getPrototypeOf(f) === Function.prototype, "prototype" in f, Object.getOwnPropertyNames(f).sort().join()].join()); }
  "constructor2"() {}
  static name2 = this.name;
  static self = this;
  static arrow = () => super.s();
  inst = super.m();
  instArrow = () => super.g;
  constructor(...args) { k("before super"); const it = super(...args); k("after super"); if (it !== this) throw 1; }
}
new C(1, 2);
print(order.join());
const c = new C(3);
print(c.inst, c.instArrow(), C.arrow(), C.name2, C.self === C, c.s().join());
for (const one of c.kinds()) print(one);
for (const key of ["get c", "set d", "agen g", "constructor2", "constructor"]) desc(C.prototype, key);
for (const key of ["static a", "async e", "gen f", "name", "length", "prototype", "name2"]) desc(C, key);
desc(c, "field b");
print(C["async e"].name, C["gen f"].name, C.prototype["agen g"].name, Object.getPrototypeOf(C["async e"]) === AsyncFunction.prototype);
probe(() => C()); probe(() => new C.prototype["agen g"]()); probe(() => new (C["async e"])()); probe(() => new (c.t)());
probe(() => { class X extends null {} return new X(); });
probe(() => { class X extends 5 {} });
probe(() => { class X extends (() => {}) {} });
probe(() => { class X extends Object.assign(function () {}, { prototype: 3 }) {} });
probe(() => { class X extends (async () => {}) {} });
probe(() => { class X extends (function* () {}) {} });
probe(() => { const f = function () {}.bind(); f.prototype = {}; return new (class extends f {})(); });
probe(() => { X; class X {} });
probe(() => { class X { static a = X.name; static b = (() => X)() === X; } return [X.a, X.b]; });
probe(() => { let X = class Y { static n() { Y = 1; } }; X.n(); });
probe(() => { const X = class { static x = 1; static name = "own"; }; return X.name; });
probe(() => { const X = class { static name() {} }; return X.name; });
probe(() => { const X = class { static #p = 1; static has(o) { return #p in o; } }; return [X.has(X), X.has({})]; });
probe(() => { const X = class { static #p = 1; static has(o) { return #p in o; } }; return X.has(1); });
probe(() => { class X { #a = 1; static get(o) { return o.#a; } } return X.get({}); });
probe(() => { class X { get #a() { return 1; } static set(o) { o.#a = 2; } } X.set(new X()); });
probe(() => { class X { #m() {} static set(o) { o.#m = 2; } } X.set(new X()); });
probe(() => { class X { set #a(v) {} static get(o) { return o.#a; } } X.get(new X()); });
probe(() => { class B { constructor(o) { return o; } } class X extends B { #a = 1; } const o = {}; new X(o); new X(o); });
probe(() => { class X { constructor() { return 1; } } return new X() instanceof X; });
probe(() => { class X extends P { constructor() { return 1; } } new X(); });
probe(() => { class X extends P { constructor() { return undefined; } } new X(); });
probe(() => { class X extends P { constructor() { super(); return undefined; } } return new X() instanceof X; });
probe(() => { class X extends P { constructor() { super(); super(); } } new X(); });
probe(() => { class X extends P { constructor() { try { return 1; } finally { super(); } } } return new X(); });
probe(() => { class X extends P { constructor() { try { return; } finally { super(); } } } return new X() instanceof X; });
probe(() => { class X extends P { constructor() { for (const x of [1]) { super(); return; } } } return new X() instanceof X; });
probe(() => { class X { static async *#g() {} static g() { return this.#g; } } const g = X.g(); return [Object.getPrototypeOf(g.prototype) === Object.getPrototypeOf(async function* () {}.prototype), Object.getOwnPropertyNames(X).join()]; });
asyncTest(async () => {
  print(await C.r());
  for await (const x of c.t()) print(x);
  class D extends P {
    async aa() { return [super.m(), await super.m(), await (async () => super.g)()]; }
    static async b() { return await super.s(); }
    async *g() { yield super.m(); yield* (function* () { yield 1; })(); yield await super.g; }
    async [await null] () { return new.target; }
  }
  const d = new D();
  print((await d.aa()).join(), await D.b(), await d.null());
  for await (const x of d.g()) print(x);
  await assert.rejects(TypeError, async () => { class E extends (await null, 5) {} });

});
