/** The application of docs/frameworks.md, as Next.js runs it: the engine begins with the server, a route starts a run. */
import { afterAll, expect, test } from "vitest";
import coldframeLoader from "../../plugins/loader/index.ts";
import { openPage } from "./pages.ts";

const page = openPage("frameworks.md");
afterAll(() => page.remove());

test("a run that a route starts goes on with the server, before anybody asks", async () => {
  page.write(
    "workflows/order.ts",
    `"use workflow";
import { event } from "coldframe";
export async function order(o: { id: string }) {
  const by = await event<string>("paid " + o.id);
  return o.id + " paid by " + by;
}
`,
  );
  page.write(
    "first.ts",
    `import { register } from "./instrumentation.ts";
import { POST } from "./app/orders/route.ts";
import { engine } from "./lib/engine.ts";
process.env["NEXT_RUNTIME"] = "nodejs";
await register();
const answer = await POST(new Request("http://localhost/orders", { method: "POST", body: '{"id":"o7"}' }));
const { id } = await answer.json();
for await (const { waits } of (await engine()).run(id).watch()) if (waits.length > 0) break;
console.log(id);
process.exit();
`,
  );
  page.write(
    "second.ts",
    `import { register } from "./instrumentation.ts";
process.env["NEXT_RUNTIME"] = "nodejs";
await register();
const engine = await (globalThis as never as { engine: Promise<import("coldframe").Engine> }).engine;
await engine.send("paid o7", "ada");
console.log(await engine.run(process.argv[2]!).result());
process.exit();
`,
  );
  const { stdout: id } = await page.run("--import", "coldframe/register", "first.ts");
  const { stdout } = await page.run("--import", "coldframe/register", "second.ts", id.trim());
  expect(stdout).toBe("o7 paid by ada\n");
});

test("the rule for Turbopack matches files with directives, misspelt ones too, and its loader is there", async () => {
  const block = page.blocks.find((text) => text.includes("turbopack"))!;
  const config = new Function(`${block.replace("export default", "return")}`)() as {
    turbopack: {
      rules: Record<string, { loaders: string[]; condition: { all: [object, { content: RegExp }] } }>;
    };
  };
  const [rule] = Object.values(config.turbopack.rules);
  const { content } = rule!.condition.all[1];
  expect(
    ['"use workflow";', "'use step'", '"use workflows"', "use strict"].map((text) => content.test(text)),
  ).toEqual([true, true, true, false]);
  const { default: loader } = (await import("../../dist/plugins/loader/index.js")) as { default: () => void };
  expect(rule!.loaders).toEqual(["coldframe/loader"]);
  expect(loader.name).toBe(coldframeLoader.name);
});
