/**
 * The programs that are measured, hand-compiled as docs/abi.md says, beside the same as written. Each call of
 * `makePrograms` evaluates the text anew: its functions share no code and no feedback with those of another call, as
 * the functions of a real program do not.
 */

const text = (n) => `
const { $await, $begin, $closure, registerCode, $end, $park, $return, $suspend, $throw, $to } = machine;
const code = (name, step, make = null) => registerCode({ id: "bench/${n}#" + name, hash: "1", kind: "async", file: "bench.ts", line: 1, step, points: [null], make, captures: [] });

const leaf$c = code("leaf", leaf$s);
function leaf(a) { const $t = $begin(leaf$c, leaf); try { $return($t, leaf$s($t, undefined, false, a)); } catch ($e) { $throw($t, $e); } return $end($t); }
function leaf$s($t, $v, $e, a) {
  let $ip = $t.ip; if ($ip !== 0) { const $f = $t.frame; a = $f.a; }
  switch ($ip) {
    case 0: if (($v = $await($t, a)) === $park) return $suspend($t, 1, { a });
    case 1: if ($ip !== 0) { $ip = 0; if ($e) throw $v; }
      return $v + ${n};
  }
}

const middle$c = code("middle", middle$s);
function middle(a) { const $t = $begin(middle$c, middle); try { $return($t, middle$s($t, undefined, false, a)); } catch ($e) { $throw($t, $e); } return $end($t); }
function middle$s($t, $v, $e, a) {
  let $ip = $t.ip; if ($ip !== 0) { const $f = $t.frame; a = $f.a; }
  switch ($ip) {
    case 0: if (($v = $await($t, $to($t, leaf)(a))) === $park) return $suspend($t, 1, { a });
    case 1: if ($ip !== 0) { $ip = 0; if ($e) throw $v; }
      return $v + 1;
  }
}

const loop$c = code("loop", loop$s);
function loop(n, f) { const $t = $begin(loop$c, loop); try { $return($t, loop$s($t, undefined, false, n, f)); } catch ($e) { $throw($t, $e); } return $end($t); }
function loop$s($t, $v, $e, n, f) {
  let $ip = $t.ip, i, sum, $sum; if ($ip !== 0) { const $f = $t.frame; n = $f.n; f = $f.f; i = $f.i; sum = $f.sum; $sum = $f.$sum; }
  switch ($ip) {
    case 0: sum = 0; i = 0;
    case 1:
      for (; $ip !== 0 || i < n; i++) {
        switch ($ip) {
          case 0: $sum = sum; if (($v = $await($t, $to($t, f)(i))) === $park) return $suspend($t, 1, { n, f, i, sum, $sum });
          case 1: if ($ip !== 0) { $ip = 0; if ($e) throw $v; }
            sum = $sum + $v;
        }
      }
      return sum;
  }
}

const spin$c = code("spin", spin$s);
function spin(n) { const $t = $begin(spin$c, spin); try { $return($t, spin$s($t, undefined, false, n)); } catch ($e) { $throw($t, $e); } return $end($t); }
function spin$s($t, $v, $e, n) {
  let $ip = $t.ip, i, s, $s; if ($ip !== 0) { const $f = $t.frame; n = $f.n; i = $f.i; s = $f.s; $s = $f.$s; }
  switch ($ip) {
    case 0: s = 0; i = 0;
    case 1:
      for (; $ip !== 0 || i < n; i++) {
        switch ($ip) {
          case 0: s = (s * 31 + i) | 0;
          case 1:
            if ($ip !== 0 || (i & 0xfffff) === 0) {
              switch ($ip) {
                case 0: $s = s; if (($v = $await($t, i)) === $park) return $suspend($t, 1, { n, i, s, $s });
                case 1: if ($ip !== 0) { $ip = 0; if ($e) throw $v; }
                  s = $s + $v;
              }
            }
        }
      }
      return s;
  }
}

const all$c = code("all", all$s);
function all(n, f, P) { const $t = $begin(all$c, all); try { $return($t, all$s($t, undefined, false, n, f, P)); } catch ($e) { $throw($t, $e); } return $end($t); }
function all$s($t, $v, $e, n, f, P) {
  let $ip = $t.ip;
  switch ($ip) {
    case 0: {
      const list = []; for (let i = 0; i < n; i++) list.push(f(i));
      if (($v = $await($t, P.all(list))) === $park) return $suspend($t, 1);
    }
    case 1: if ($ip !== 0) { $ip = 0; if ($e) throw $v; }
      return $v.length;
  }
}

class scope { count = undefined }
const inc$c = code("inc", null, inc$make);
function inc$make($s) { return $closure((by) => ($s.count += by), inc$c, [$s]); }
function makeClosures(n) { let last; for (let i = 0; i < n; i++) { const $s = new scope(); $s.count = i; last = inc$make($s); } return last; }
function makeNative(n) { let last; for (let i = 0; i < n; i++) { let count = i; last = (by) => (count += by); } return last; }
function call(f, n) { let s = 0; for (let i = 0; i < n; i++) s = (s + f(i)) | 0; return s; }
function callNative(f, n) { let s = 0; for (let i = 0; i < n; i++) s = (s + f(i)) | 0; return s; }

async function nativeLeaf(a) { const v = await a; return v + ${n}; }
async function nativeMiddle(a) { const v = await nativeLeaf(a); return v + 1; }
async function nativeLoop(n, f) { let sum = 0; for (let i = 0; i < n; i++) sum += await f(i); return sum; }
async function nativeSpin(n) { let s = 0; for (let i = 0; i < n; i++) { s = (s * 31 + i) | 0; if ((i & 0xfffff) === 0) s += await i; } return s; }
async function nativeAll(n, f) { const list = []; for (let i = 0; i < n; i++) list.push(f(i)); return (await Promise.all(list)).length; }
return { leaf, middle, loop, spin, all, makeClosures, makeNative, call, callNative, nativeLeaf, nativeMiddle, nativeLoop, nativeSpin, nativeAll };
`;

/** @param machine the module `coldframe/machine`; @param count how many sets of programs */
export function makePrograms(machine, count) {
  return Array.from({ length: count }, (_, n) => new Function("machine", text(n))(machine));
}
