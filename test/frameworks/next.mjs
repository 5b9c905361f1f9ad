/**
 * `npm run test:next`: the application of docs/frameworks.md under Next.js itself, built by Turbopack and by webpack. A run is parked when the
 * server is killed, and goes on with the next one; and it goes on with the new text when its file is edited under the development server.
 * Next.js comes from the npm registry into a folder that is kept.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { env, execPath, exit } from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
// Not inside of node_modules: what is there is left alone by everybody.
const cache = join(tmpdir(), "coldframe-next");
const next = join(cache, "node_modules/next/dist/bin/next");
const options = {
  cwd: cache,
  env: { ...env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: undefined },
  stdio: ["ignore", "pipe", "inherit"],
};
const PORT = "41873";
const READY = /Ready in/;

function install() {
  mkdirSync(cache, { recursive: true });
  write("package.json", '{ "name": "shop", "private": true }');
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error", "--no-save"];
  const wanted = ["next@16", "react@19", "react-dom@19", "typescript@5", "@types/react@19", "@types/node@20"];
  if (!existsSync(next))
    execFileSync("npm", ["install", ...quiet, ...wanted], { ...options, stdio: "inherit" });
  const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", cache], {
    cwd: root,
    encoding: "utf8",
  });
  rmSync(join(cache, "node_modules/coldframe"), { recursive: true, force: true });
  execFileSync("npm", ["install", ...quiet, ...wanted, `./${packed.trim()}`], {
    ...options,
    stdio: "inherit",
  });
}

function write(file, text) {
  mkdirSync(dirname(join(cache, file)), { recursive: true });
  writeFileSync(join(cache, file), text);
}

/** Blocks of the page that begin with the name of their file. */
const blocks = [
  ...readFileSync(join(root, "docs/frameworks.md"), "utf8").matchAll(
    /^```\w+\n\/\/ (\S+)\n([\s\S]*?)^```$/gm,
  ),
];

const workflow = (answer) => `"use workflow";
import { event } from "coldframe";
export async function order({ id }: { id: string }) {
  const paid = (by: string) => id + " ${answer} " + by;
  return paid(await event<string>("paid " + id));
}
`;

function writeApplication() {
  for (const [, file, text] of blocks) if (/^(lib|app|instrumentation)/.test(file)) write(file, text);
  write("workflows/order.ts", workflow("paid by"));
  write(
    "app/pay/route.ts",
    `import { engine } from "../../lib/engine.ts";
export async function POST(request: Request) {
  const { id, run, by } = await request.json();
  await (await engine()).send("paid " + id, by);
  return Response.json(await (await engine()).run(run).result());
}
`,
  );
  write(
    "app/layout.tsx",
    `import type { ReactNode } from "react";
export default ({ children }: { children: ReactNode }) => <html><body>{children}</body></html>;
`,
  );
  const compilerOptions = {
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    moduleResolution: "bundler",
    module: "esnext",
    skipLibCheck: true,
  };
  write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["**/*.ts", "**/*.tsx"] }));
}

/** @returns a function that kills it */
async function serve(...args) {
  const server = spawn(execPath, [next, ...args, "-p", PORT], { ...options, detached: true });
  const kill = () => process.kill(-server.pid, "SIGKILL");
  process.once("exit", () => server.exitCode === null && server.signalCode === null && kill());
  let said = "";
  await new Promise((resolve, reject) => {
    server.stdout.on("data", (text) => {
      said += text;
      if (READY.test(said)) resolve();
    });
    server.once("exit", () => reject(new Error(`next ${args.join(" ")}: ${said}`)));
  });
  return () =>
    new Promise((resolve) => {
      server.once("exit", resolve);
      kill();
    });
}

async function post(path, body) {
  const answer = await fetch(`http://localhost:${PORT}${path}`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text.slice(0, 500)}`);
  return JSON.parse(text);
}

function expect(what, is, wanted) {
  if (is !== wanted) throw new Error(`${what}: ${JSON.stringify(is)} instead of ${JSON.stringify(wanted)}`);
  console.log(`${what}: ${is}`);
}

install();
writeApplication();
for (const [bundler, flags] of [
  ["turbopack", []],
  ["webpack", ["--webpack"]],
]) {
  for (const file of [".next", "runs.db", "runs.db-wal", "runs.db-shm"])
    rmSync(join(cache, file), { recursive: true, force: true });
  const [, file, config] = blocks.find(
    ([, name, text]) => name.startsWith("next.config") && text.includes(`${bundler}`),
  );
  write(file, config);
  execFileSync(execPath, [next, "build", ...flags], options);
  let kill = await serve("start");
  const { id } = await post("/orders", { id: "o7" });
  await kill();
  kill = await serve("start");
  expect(
    `${bundler}, the next server`,
    await post("/pay", { id: "o7", run: id, by: "ada" }),
    "o7 paid by ada",
  );
  await kill();
  kill = await serve("dev", ...flags);
  const before = await post("/orders", { id: "o8" });
  write("workflows/order.ts", workflow("was paid by"));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const after = await post("/orders", { id: "o9" });
  expect(
    `${bundler}, started before the edit`,
    await post("/pay", { id: "o8", run: before.id, by: "ada" }),
    "o8 was paid by ada",
  );
  expect(
    `${bundler}, started after it`,
    await post("/pay", { id: "o9", run: after.id, by: "ada" }),
    "o9 was paid by ada",
  );
  write("workflows/order.ts", workflow("paid by"));
  await kill();
}
exit();
