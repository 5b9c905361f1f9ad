// super and private names in async methods.
// flags: async
class Base { async m() { return 1; } }
class Derived extends Base { #p = 2; async m() { const x = await super.m(); await 0; return x + this.#p; } }
asyncTest(async () => assert.same(await new Derived().m(), 3));
