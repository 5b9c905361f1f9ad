// What programs call. `done(error)` ends an asynchronous one, `print` notes what is compared between regimes.
function Failure(message) {
  this.message = message || "";
}
Failure.prototype.toString = function () {
  return `Failure: ${this.message}`;
};

function show(value) {
  if (typeof value === "string") return `"${value}"`;
  if (value === 0 && 1 / value < 0) return "-0";
  return String(value);
}

function assert(condition, message) {
  if (condition === true) return;
  throw new Failure(message === undefined ? `expected true, got ${show(condition)}` : message);
}

assert.same = (actual, expected, message) => {
  if (Object.is(actual, expected)) return;
  throw new Failure(
    `${message === undefined ? "" : `${message}: `}expected ${show(expected)}, got ${show(actual)}`,
  );
};

assert.list = (actual, expected, message) => {
  assert.same(actual.length, expected.length, `${message || "list"} (length)`);
  for (let i = 0; i < expected.length; i++)
    assert.same(actual[i], expected[i], `${message || "list"} [${i}]`);
};

assert.throws = (Type, f, message) => {
  try {
    f();
  } catch (error) {
    assert.same(typeof error, "object", message);
    assert.same(error.constructor, Type, message);
    return;
  }
  throw new Failure(`${message || "it"} did not throw ${Type.name}`);
};

assert.rejects = (Type, f, message) =>
  f().then(
    () => {
      throw new Failure(`${message || "it"} did not reject with ${Type.name}`);
    },
    (error) => {
      assert.same(error.constructor, Type, message);
    },
  );

/** Writability and configurability are tried out, and enumerability by enumeration. */
assert.property = (object, name, expected) => {
  const found = Object.getOwnPropertyDescriptor(object, name);
  assert.same(found === undefined, expected === undefined, `${String(name)} exists`);
  if (expected === undefined) return;
  for (const key of Object.getOwnPropertyNames(expected))
    assert.same(found[key], expected[key], `${String(name)}.${key}`);
  if ("enumerable" in expected && typeof name === "string") {
    let seen = false;
    for (const key in object) if (key === name) seen = true;
    assert.same(seen, expected.enumerable, `${name} is enumerated`);
  }
  if ("writable" in expected) {
    try {
      object[name] = "another value";
    } catch (error) {
      assert.same(error.constructor, TypeError);
    }
    assert.same(object[name] === "another value", expected.writable, `${String(name)} is written`);
  }
  if ("configurable" in expected) {
    try {
      delete object[name];
    } catch (error) {
      assert.same(error.constructor, TypeError);
    }
    assert.same(Object.hasOwn(object, name), !expected.configurable, `${String(name)} stays`);
  }
};

function asyncTest(f) {
  try {
    f().then(
      () => {
        done();
      },
      (error) => {
        done(error);
      },
    );
  } catch (error) {
    done(error);
  }
}
