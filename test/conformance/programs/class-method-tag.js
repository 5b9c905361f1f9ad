// Async methods of classes inherit from AsyncFunction.prototype.
class A { async m() {} static async s() {} }
assert.list([A.prototype.m, A.s].map((f) => Object.prototype.toString.call(f)), ["[object AsyncFunction]", "[object AsyncFunction]"]);
class G {
  *g() { yield 1; }
  async *h() {}
  static *[Symbol.iterator]() {}
  async x() {}
  x() {}
}
assert.list(
  [G.prototype.g, G.prototype.h, G[Symbol.iterator], G.prototype.x].map((f) => Object.prototype.toString.call(f)),
  ["[object GeneratorFunction]", "[object AsyncGeneratorFunction]", "[object GeneratorFunction]", "[object Function]"],
);
const it = new G().g();
assert.same(Object.getPrototypeOf(it), G.prototype.g.prototype);
assert.same(it instanceof G.prototype.g, true);
assert.list(Object.getOwnPropertyNames(G.prototype), ["constructor", "g", "h", "x"]);
