// flags: async
// What compiled code calls its helpers, parameters and temporaries, the author may call whatever it likes.
var $t = 1;
var [$module, $async, $await, $v, $park, $m, $code, $ip] = [2, 3, 4, 5, 6, 7, 8, 9];
var { $t: $x, $e = 11, $rest = 12, $self = 13 } = { $t: 10 };

async function $begin($arg1, { $p1, ...$item }) {
  let $held = await $arg1;
  try {
    throw 1;
  } catch ($x) {
    $held += await $x;
  }
  $t: for (;;) break $t;
  return [$held, $p1, $item.q, $t, $await, { $t }.$t, { $await: await $v }.$await];
}

class $class {
  #$t = 1;
  static $m = "static";
  async $m() {
    return this.#$t + (await $m);
  }
}

function* $Generator($o) {
  for (const $iterate of [$o]) {
    const $next = yield $iterate;
    yield () => $next + $o;
  }
}

asyncTest(async () => {
  assert.list(await $begin(1, { $p1: 2, q: 3 }), [2, 2, 3, 1, 4, 1, 5]);
  assert.same(globalThis.$t, 1);
  assert.same(globalThis.$x, 10);
  assert.same($class.name, "$class");
  assert.same(await new $class().$m(), 8);
  assert.same($class.$m, "static");
  const generator = $Generator(3);
  assert.same(generator.next().value, 3);
  assert.same(generator.next(4).value(), 7);
  const $to = async ($t) => {
    const $t$2 = await $t;
    {
      const $t = await 2;
      return () => [$t, $t$2];
    }
  };
  assert.same($to.name, "$to");
  assert.list((await $to(1))(), [2, 1]);
  const { $throw = () => {} } = {};
  assert.same($throw.name, "$throw");
});
