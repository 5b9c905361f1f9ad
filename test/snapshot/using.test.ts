/** Resources of blocks and stacks as people see them: in refusals and descriptions. */
import { expect, test } from "vitest";
import {
  $await,
  $DisposableStack,
  $park,
  $return,
  $using,
  type Durable,
} from "../../runtime/machine/index.ts";
import { describe, encodeRun } from "../../runtime/snapshot/index.ts";
import { asyncFunction, begin, event, hold, point } from "./programs.ts";

const localsOf = (value: unknown) =>
  describe(encodeRun(begin(hold, () => value)).text).tasks[0]!.locals.map(({ text }) => text);

test("stacks, and objects that inherit from others, are shown", () => {
  const stack = new $DisposableStack();
  expect(localsOf(stack)).toEqual(["‹disposable stack›"]);
  stack.dispose();
  expect(localsOf(stack)).toEqual(["‹disposable stack, disposed›"]);
  expect(localsOf(Object.assign(Object.create({ above: 1 }), { own: 2 }))).toEqual(["{ own: 2 }"]);
});

// async function serve() { using socket = new Socket(); await event("a"); }
const serve = asyncFunction({
  name: "serve",
  points: [point("event", ["$held"], 9)],
  step: ($t: Durable) => {
    const $held = $using();
    $held.use(new Socket());
    if ($await($t, event("a")) === $park) {
      $t.frame = { $held };
      $t.ip = 1;
      return $park;
    }
    return $return($t, undefined);
  },
});

class Socket {
  [Symbol.dispose](): void {}
}

test("what a block would dispose of and cannot be saved is refused under the name of the declaration", () => {
  expect(() => encodeRun(begin(serve))).toThrow(/serve › using‹inside› is a Socket/);
});
