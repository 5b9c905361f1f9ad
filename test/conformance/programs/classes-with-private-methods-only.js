// A class at the top whose only private parts are methods, and whose parent returns another object (§7.3.31).
class Base {
  constructor(object) {
    return object;
  }
}
class Methods extends Base {
  #m() {
    return "m";
  }
  static call(object) {
    return object.#m();
  }
}
class Accessors extends Base {
  get #a() {
    return "a";
  }
  static get(object) {
    return object.#a;
  }
  static has(object) {
    return #a in object;
  }
}
const object = {};
new Methods(object);
assert.same(Methods.call(object), "m");
assert.throws(TypeError, () => new Methods(object));
assert.throws(TypeError, () => Methods.call({}));
new Accessors(object);
assert.same(Accessors.get(object), "a");
assert.same(Accessors.has(object), true);
assert.same(Accessors.has({}), false);
assert.throws(TypeError, () => new Accessors(object));
