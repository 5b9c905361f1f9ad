// Classes with async members.
// flags: async
class Base { constructor(x) { this.x = x; } async get() { await 0; return this.x; } static async make(x) { await 0; return new this(x); } }
class Derived extends Base { field = async () => { await 0; return this.x; }; get later() { return (async () => this.x)(); } async twice() { return (await this.get()) * 2; } static s = 1; static { this.t = this.s + 1; } }
asyncTest(async () => {
  const d = await Derived.make(4);
  assert(d instanceof Derived);
  assert.list([await d.get(), await d.field(), await d.later, await d.twice(), Derived.t], [4, 4, 4, 8, 2]);
  assert.throws(TypeError, () => Derived());
  assert.throws(TypeError, () => new d.get());
  assert.property(Base.prototype, "get", { writable: true, enumerable: false, configurable: true });
  const Local = class Named { static async who() { await 0; return Named.name; } };
  assert.same(await Local.who(), "Named");
  class Accessors { #p = 1; get p() { return this.#p; } set p(v) { this.#p = v; } static has(o) { return #p in o; } }
  const a = new Accessors();
  a.p = await 5;
  assert.list([a.p, Accessors.has(a), Accessors.has({})], [5, true, false]);
});
