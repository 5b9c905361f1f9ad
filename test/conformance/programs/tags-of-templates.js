// flags: async
// The tag is read with its receiver before what is substituted, called behind it (ECMA-262 §13.3.11.1), and nothing else is asked of it.
asyncTest(async () => {
  const log = [];
  const o = {
    get missing() {
      log.push("missing");
      return undefined;
    },
  };
  await assert.rejects(TypeError, async () => o.missing`${await log.push("awaited")}`);
  await assert.rejects(TypeError, async () => null.x`${await log.push("never")}`);
  assert.list(log, ["missing", "awaited"]);
  const tag = function (strings, value) {
    return [this === q, strings.raw[0], value].join();
  };
  tag.bind = () => () => "bound";
  const q = { tag, bare: Object.setPrototypeOf((_, value) => value, null) };
  assert.list([q.tag`a${await 5}`, q[await "tag"]`b${6}`, q.bare`${await 7}`], ["true,a,5", "true,b,6", 7]);
  q.other = q.tag;
  assert.same(q.tag`${((q.tag = null), await 8)}`, "true,,8");
  class C {
    static #tag(strings, value) {
      return [this === C, value].join();
    }
    static async m() {
      return C.#tag`${await 9}` + super.toString`${await 1}`.length;
    }
  }
  assert.same((await C.m()).startsWith("true,9"), true);
});
