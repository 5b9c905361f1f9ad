// Classes made in functions, with captured variables.
// flags: async
asyncTest(async () => {
  let count = 0;
  const make = (name) => class { static made = ++count; name = name; async hello() { await 0; return `${this.name}${count}`; } get up() { return () => this.name.toUpperCase(); } };
  const A = make("a");
  const B = make("b");
  assert.list([A.made, B.made, await new A().hello(), new B().up()], [1, 2, "a2", "B"]);
  class Counter { #n = 0; inc() { this.#n++; return this; } get n() { return this.#n; } static #secret() { return "s"; } static reveal() { return Counter.#secret(); } }
  const c = new Counter();
  await 0;
  assert.list([c.inc().inc().n, Counter.reveal()], [2, "s"]);
  class Stack extends Array { top() { return this.at(-1); } async pushed(x) { await 0; this.push(x); return this; } }
  const s = await new Stack().pushed(1);
  assert.list([s.top(), s instanceof Stack, s.map((x) => x) instanceof Stack], [1, true, true]);
  class Failing extends Error { constructor(m) { super(m); this.name = "Failing"; } }
  await assert.rejects(Failing, async () => { await 0; throw new Failing("x"); });
  const key = "computed";
  class Keys { [key]() { return 1; } static [`${key}Static`]() { return 2; } ["field"] = 3; static async *gen() { yield 4; } }
  assert.list([new Keys().computed(), Keys.computedStatic(), new Keys().field, (await Keys.gen().next()).value], [1, 2, 3, 4]);
});
