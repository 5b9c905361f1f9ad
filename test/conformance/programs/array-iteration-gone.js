// A program that takes away how arrays iterate keeps what does not iterate over any: closures, reactions, rest properties, bound
// functions, tagged templates, methods of classes, arguments (ECMA-262 §27.2.1.8, §14.3.3.3, §20.2.3.2, §13.2.8.4, §10.4.4).
// flags: async
const original = Array.prototype[Symbol.iterator];
const seen = [];
const note = (value) => {
  seen.push(value);
};
asyncTest(async () => {
  let settle;
  const pending = new Promise((resolve) => {
    settle = resolve;
  });
  pending.then(() => note("first"));
  pending.then(() => note("second"));
  const raced = Promise.race([pending, new Promise(() => {})]);
  let a = 1;
  {
    let b = 2;
    {
      let c = 3;
      delete Array.prototype[Symbol.iterator];
      try {
        const sum = () => a++ + b++ + c++;
        const later = async () => (await null, a + b + c);
        note(sum());
        note(await later());
        settle("raced");
        note(await raced);
        const { one, ...rest } = { one: 1, two: 2, three: 3 };
        note(Object.keys(rest).join());
        note(
          function (x, y) {
            return this + x + y;
          }.bind("bound", 1)(2),
        );
        const tag = (strings) => strings.raw[0];
        note(tag`raw${1}`);
        class Held {
          #x = four();
          get x() {
            return this.#x;
          }
          #own() {
            return this.#x + 1;
          }
          static own(held) {
            return held.#own();
          }
        }
        const held = new Held();
        note(held.x + Held.own(held));
        await null;
        note(`${await (async (p, q) => (await null, p + q))(1, 2)}`);
      } finally {
        Array.prototype[Symbol.iterator] = original;
      }
    }
  }
  const expected = [6, 9, "first", "second", "raced", "two,three", "bound12", "raw", 9, "3"];
  assert.list(seen, expected);
});
function four() {
  return 4;
}
