/** What a file of tests leaves behind is gone before the next one in its process. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { registry } from "../runtime/machine/index.ts";
import { alone } from "./alone.ts";

test("nothing that a file did to its process reaches the next", async () => {
  const limit = Error.stackTraceLimit;
  const folder = process.cwd();
  const path = process.env["PATH"];
  const ignore = () => {};
  process.env["LEFT_BEHIND"] = "1";
  process.env["PATH"] = "nowhere";
  process.chdir("/");
  Reflect.set(globalThis, "leftBehind", 1);
  Error.stackTraceLimit = 1;
  process.on("unhandledRejection", ignore);
  vi.useFakeTimers();
  registry.hot = true;

  // As vitest does between two files: another address is another evaluation.
  const again = "./clean-process.ts?again";
  await import(again);

  expect(process.env["LEFT_BEHIND"]).toBeUndefined();
  expect(process.env["PATH"]).toBe(path);
  expect(process.cwd()).toBe(folder);
  expect("leftBehind" in globalThis).toBe(false);
  expect(Error.stackTraceLimit).toBe(limit);
  expect(process.listeners("unhandledRejection")).not.toContain(ignore);
  expect(vi.isFakeTimers()).toBe(false);
  const next = await import("../runtime/machine/index.ts");
  expect(next.registry).not.toBe(registry);
  expect(next.registry.hot).toBe(false);
});

test("files that do what cannot be taken back have a process of their own", () => {
  const root = join(import.meta.dirname, "..");
  expect(alone.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  const lasting = new RegExp(
    ["vi\\.(do)?[mM]ock", "setFlagsFromString"].map((name) => `\\b${name}\\(`).join("|"),
  );
  const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .map((file) => `test/${file.replaceAll("\\", "/")}`)
    .filter((file) => file.endsWith(".test.ts") && lasting.test(readFileSync(join(root, file), "utf8")));
  expect(files.length).toBeGreaterThan(3);
  expect(files.filter((file) => !alone.includes(file))).toEqual([]);
});
