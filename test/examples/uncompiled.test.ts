/** The examples' own files, run as plain async code: their results, and what their systems saw. */
import { describe, expect, test } from "vitest";
import { standIn } from "../../examples/stand-in.ts";
import { gameSystems } from "../../examples/upgrade-game/services/game-systems.ts";
import { upgradeGame } from "../../examples/upgrade-game/workflows/upgrade-game.ts";
import { uncompiled } from "./support/uncompiled.ts";

/** Requests only, without arguments. */
const asked = (trace: readonly string[]) =>
  trace.filter((line) => line.startsWith("->")).map((line) => line.split(" ")[1]);

describe("expand-capacity", () => {
  test("orders, asks, deploys", async () => {
    const { trace, result } = await uncompiled("expand");
    expect(result).toBe("10.0.0.1");
    expect(asked(trace)).toEqual([
      "res.request_new_server",
      "chat.ask",
      "cc.update_module",
      "ijobs.exec_job",
      "gslb.add_ip_to_domain",
    ]);
  });

  test("deploys nothing when the person refuses", async () => {
    const { trace, result } = await uncompiled("expand", false);
    expect(result).toBe("refused 10.0.0.1");
    expect(asked(trace)).toEqual(["res.request_new_server", "chat.ask"]);
  });
});

describe("upgrade-game", () => {
  const done = ["database.backup", "application.backup", "database.upgrade", "application.upgrade"];
  const undone = ["application.restore", "database.restore", "server.start"];

  test.each([
    ["upgrade", "upgraded", ["server.stop", ...done, "server.start"]],
    ["stuck", "upgraded", ["server.stop", "server.kill", ...done, "server.start"]],
    ["rollback", "rolled back: bad sql", ["server.stop", "server.kill", ...done, ...undone]],
    ["both", "rolled back: bad sql; bad zip", ["server.stop", ...done, ...undone]],
    ["corrupt", "ROLLBACK FAILED: dump corrupt", ["server.stop", ...done, ...undone]],
  ] as const)("%s: %s", async (name, result, operations) => {
    const outcome = await uncompiled(name);
    expect(outcome.result).toBe(result);
    expect(asked(outcome.trace)).toEqual(operations);
  });

  test("a backup that fails is tried again", async () => {
    const { trace, result } = await uncompiled("patient");
    expect(result).toBe("upgraded");
    expect(asked(trace).filter((op) => op === "database.backup")).toHaveLength(3);
  });

  test("does the same against its HTTP stand-ins", async () => {
    const lines: string[] = [];
    const systems = await gameSystems((line) => lines.push(line));
    process.env["SERVER_URL"] = systems.server.url;
    process.env["DATABASE_URL"] = systems.database.url;
    process.env["APPLICATION_URL"] = systems.application.url;
    systems.application.refuse("upgrade", "bad zip");
    expect(await upgradeGame(7, "v2.zip")).toBe("rolled back: bad zip");
    expect(lines.at(-1)).toBe("<- server.start");
    expect(systems.database.effects.map(({ operation }) => operation)).toEqual([
      "backup",
      "upgrade",
      "restore",
    ]);
    await systems.close();
  });
});

describe("a stand-in", () => {
  const post = (url: string, key: string) =>
    fetch(`${url}/count`, { method: "POST", headers: { "idempotency-key": key }, body: "{}" });

  test("does a thing once per idempotency key, and remembers a refusal, too", async () => {
    let count = 0;
    const service = await standIn({ operations: { count: () => ++count } });
    service.refuse("count", "not now");
    expect((await post(service.url, "a")).status).toBe(422);
    expect((await post(service.url, "a")).status).toBe(422);
    expect(await (await post(service.url, "b")).json()).toBe(1);
    expect(await (await post(service.url, "b")).json()).toBe(1);
    expect(await (await post(service.url, "c")).json()).toBe(2);
    expect(service.effects.map(({ key }) => key)).toEqual(["a", "b", "c"]);
    await service.close();
  });
});
