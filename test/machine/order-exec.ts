/**
 * `execNative` of order-program.ts, compiled by hand.
 */
import {
  $await,
  $enter,
  $iterateAsync,
  $machine,
  $park,
  $suspend,
  $to,
  type AsyncIteration,
} from "../../runtime/machine/index.ts";
import { compiled } from "./compiled.ts";
import { type Context, evaluate, note, type Operation, perform } from "./order-program.ts";

/** A sync closure that calls something: where it is called outside any run it enters its own. */
export const closure: Context["closure"] = (f) => {
  const g = ((value) => ($machine.run === null ? $enter(g, undefined, [value]) : f(value))) as typeof f;
  return g;
};

export const exec = compiled("exec", ($t, $v, $e, c: Context, ops: Operation[], depth: number): unknown => {
  let $ip = $t.ip;
  let i = 0;
  let $it!: AsyncIteration;
  if ($ip !== 0) {
    const $f = $t.frame as unknown as {
      c: Context;
      ops: Operation[];
      depth: number;
      i: number;
      $it: AsyncIteration;
    };
    ({ c, ops, depth, i, $it } = $f);
  }
  const park = (ip: number) => {
    return $suspend($t, ip, { c, ops, depth, i, $it });
  };
  for (; $ip !== 0 || i < ops.length; i++) {
    const op = ops[i]!;
    if ($ip === 1 || ($ip === 0 && op.o === "await")) {
      try {
        switch ($ip) {
          case 0:
            if (($v = $await($t, evaluate(c, (op as Extract<Operation, { o: "await" }>).e, depth))) === $park)
              return park(1);
          case 1:
            if ($ip !== 0) {
              $ip = 0;
              if ($e) throw $v;
            }
            note(c, "value", $v);
        }
      } catch (error) {
        note(c, "error", error);
      }
    } else if ($ip === 2 || ($ip === 0 && op.o === "awaitCall")) {
      try {
        switch ($ip) {
          case 0:
            if (
              ($v = $await(
                $t,
                $to($t, exec)(c, (op as Extract<Operation, { o: "awaitCall" }>).ops, depth),
              )) === $park
            )
              return park(2);
          case 2:
            if ($ip !== 0) {
              $ip = 0;
              if ($e) throw $v;
            }
            note(c, "value", $v);
        }
      } catch (error) {
        note(c, "error", error);
      }
    } else if ($ip === 3 || ($ip === 0 && op.o === "forAwait")) {
      try {
        switch ($ip) {
          case 0:
            $it = $iterateAsync(
              (op as Extract<Operation, { o: "forAwait" }>).es.map((e) => evaluate(c, e, depth)),
            );
          case 3:
            for (;;) {
              switch ($ip) {
                case 0:
                  if (($v = $await($t, $it.nextAsync($t))) === $park) return park(3);
                case 3:
                  if ($ip !== 0) {
                    $ip = 0;
                    if ($e) throw $v;
                  }
              }
              if (!$it.step($v)) break;
              note(c, "item", $it.value);
            }
        }
        note(c, "end");
      } catch (error) {
        note(c, "error", error);
      }
    } else if (op.o === "return") return evaluate(c, op.e, depth);
    else perform(c, op);
  }
  return ops.length;
});
