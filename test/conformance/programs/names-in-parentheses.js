// A target in parentheses names nothing (ECMA-262 §13.15.2: IsIdentifierRef of the target).
// flags: async
const unnamed = async () => {
  let f;
  const names = [];
  const note = () => {
    await_ = f;
    names.push(f.name);
    f = undefined;
  };
  let await_;
  (f) = function () {};
  note();
  (f) = () => {};
  note();
  (f) = async () => {};
  note();
  (f) = class {};
  note();
  (f) ??= class {};
  note();
  [(f) = class {}] = [];
  note();
  ({ a: (f) = () => {} } = {});
  note();
  await 1;
  (f) = class { [await "m"]() {} };
  note();
  (f) = class extends (await Object) {};
  note();
  f = class {};
  names.push(f.name);
  f = undefined;
  [f = class {}] = [];
  names.push(f.name);
  return names;
};
asyncTest(async () => {
  assert.list(await unnamed(), ["", "", "", "", "", "", "", "", "", "f", "f"]);
});
