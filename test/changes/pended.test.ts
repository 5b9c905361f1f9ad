/** Jumps that a `finally` pends, in snapshots of an earlier compiler, which called them by the numbers of labels: `break $loop2`. */
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Claimed, Store } from "../../runtime/engine/store.ts";
import { seal } from "../../runtime/snapshot/format.ts";
import { type Program, program } from "../engine/programs.ts";
import { Stage } from "../engine/stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.close());

const HEADER = /^\["coldframe \d+\.\d+ [0-9a-f]{8}",/;

/** The store as it is, but for what that compiler called jumps. */
function older(store: Store, name: string, was: string): Store {
  const claim = store.claim.bind(store);
  const rename = ({ snapshot, ...rest }: Claimed): Claimed => ({
    ...rest,
    snapshot: snapshot && seal(snapshot.replace(HEADER, "").replace(`"${name}"`, `"${was}"`)),
  });
  return Object.assign(store, {
    claim: async (...words: Parameters<Store["claim"]>) => (await claim(...words)).map(rename),
  });
}

/** Parks it in its `finally`, and carries it on with the name changed. */
async function carriedOn(main: Program, name: string, was: string) {
  const first = await stage.engine();
  await first.start(main, [], { id: "r" });
  await stage.when(async () => (await first.get("r"))!.waits.length > 0);
  expect((await first.get("r"))!.status).toBe("active");
  expect((await stage.data.connect().read.run("r"))!.snapshot).toContain(`"${name}"`);
  await first.close(0);
  const engine = await stage.engine({ store: older(stage.data.connect(), name, was) });
  await engine.send("go", 1);
  await stage.when(async () => (await engine.get("r"))!.status !== "active");
  return (await engine.get("r"))!;
}

const ONE = `const log = [];
  for (const x of [1, 2, 3]) {
    for (const y of [1, 2]) {
      try { if (x === 1) break; log.push("never"); } finally { if (x === 1) log.push(await event("go")); }
      log.push(y);
    }
    if (x === 1) break;
  }
  return log;`;
const TWO = ONE.replace("break; log", "break; if (x === 2) continue; if (x === 3) continue; log");

it.each([
  ["break $loop2", ONE],
  ["break $loop", TWO],
])("%s is the only break of its try", async (was, source) => {
  const { status, id } = await carriedOn(program(source), "break 1", was);
  expect(status).toBe("done");
  // As it is natively: the inner loop ends, then the outer one.
  expect(await (await stage.engine()).run(id).result()).toEqual([1]);
});

it("one of several is not guessed: the run is blocked, and its text stays as it is", async () => {
  const several = ONE.replace("for (const x", "all: for (const x").replace(
    'log.push("never")',
    'if (x === 2) break all; log.push("never")',
  );
  const before = async () => (await stage.data.connect().read.run("r"))!.snapshot;
  const { status, blocked } = await carriedOn(program(several), "break 1", "break $loop2");
  expect(status).toBe("blocked");
  expect(blocked!.reason).toMatch(
    /^CF2103.*entered by a "break".*earlier version.*"break \$loop2".*there are 2/,
  );
  expect(await before()).toContain('"break 1"');
});
