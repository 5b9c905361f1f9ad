// flags: sloppy
// Of functions of one name the last is made (§10.2.11, §B.3.2.4).
function outer() {
  const early = twice();
  function twice() {
    return 1;
  }
  function twice() {
    return 2;
  }
  return early + twice();
}
assert.same(outer(), 4);

function blocks() {
  {
    assert.same(inner(), "second");
    function inner() {
      return "first";
    }
    function inner() {
      return "second";
    }
  }
  return inner();
}
assert.same(blocks(), "second");

function* kinds() {
  yield mixed().next().value;
  async function mixed() {}
  function* mixed() {
    yield "last";
  }
}
assert.same(kinds().next().value, "last");

switch (1) {
  case 0:
    function chosen() {
      return 0;
    }
  case 1:
    function chosen() {
      return 1;
    }
}
assert.same(chosen(), 1);
