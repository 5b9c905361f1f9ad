/** The mounts of `docs/http.md` in the servers that they are for: a run is started, answered and watched over real connections. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { coldframe } from "coldframe/vite";
import { build } from "vite";

/** Longest time that a server may take to listen, in ms. */
const PATIENCE = 60_000;
const TOKEN = "only-for-this-example";

/** What a client has to see. */
export const SEEN = JSON.stringify([401, 201, "2 × lamp, paid by kim", 413, "done"]);

/** Which file of the page is for which kind of engine, and how it is run. */
const mounts = {
  bun: { file: "bun.ts", words: (entry) => ["run", entry] },
  deno: { file: "deno.ts", words: (entry) => ["run", "--allow-net", "--allow-env", "--no-config", entry] },
  workerd: { file: "workerd.ts", words: (_, config) => ["serve", config] },
};

/**
 * @param {import("./fetch.mjs").Engine} engine
 * @param {string} root of the package
 * @param {string} folder for files
 * @returns {Promise<string | null>} what was seen; null: the page has no mount for this kind
 */
export async function serveIn(engine, root, folder) {
  const mount = mounts[engine.kind];
  if (mount === undefined) return null;
  const port = await freePort();
  const entry = await bundle(mount.file, port, root, join(folder, `http-${engine.kind}`));
  const config = engine.kind === "workerd" ? workerdConfig(entry, port) : "";
  const child = spawn(engine.program, mount.words(join(entry, "main.mjs"), config), {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (part) => (err += part));
  const ended = new Promise((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${engine.name} ended with code ${code}: ${err}`)));
    setTimeout(() => reject(new Error(`${engine.name} gave no answer: ${err}`)), PATIENCE).unref();
  });
  ended.catch(() => {});
  try {
    return await Promise.race([converse(`http://127.0.0.1:${port}`), ended]);
  } catch (error) {
    throw new Error(`${engine.name}: ${err}`, { cause: error });
  } finally {
    child.kill("SIGKILL");
  }
}

/** What a client sees from the start of a run to its end. */
async function converse(base) {
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
  const post = (path, body) => fetch(base + path, { method: "POST", headers, body: JSON.stringify(body) });
  await listening(base);
  const refused = await fetch(`${base}/runs`);
  const started = await post("/workflows/order/runs", { id: "order-7", args: ["lamp", 2] });
  await started.text();
  const stream = await fetch(`${base}/runs/order-7/changes`, { headers });
  const changes = stream.text();
  const result = fetch(`${base}/runs/order-7/result?wait=30s`, { headers });
  await (await post("/events/paid%20lamp", { by: "kim" })).text();
  const { result: value } = await (await result).json();
  const large = await post("/events/large", "x".repeat(2_000_000));
  await large.text();
  const last = (await changes).trim().split("\ndata: ").at(-1);
  return JSON.stringify([refused.status, started.status, value, large.status, JSON.parse(last).status]);
}

async function listening(base) {
  for (;;) {
    const answer = await fetch(`${base}/nothing`).catch(() => null);
    await answer?.text();
    if (answer !== null) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The page's files, with another port, as plain JavaScript. */
async function bundle(file, port, root, folder) {
  const source = join(folder, "source");
  mkdirSync(source, { recursive: true });
  const page = readFileSync(join(root, "docs/http.md"), "utf8");
  for (const [, code] of page.matchAll(/^```ts\n(.*?)^```$/gms)) {
    const name = /^\/\/ ([\w.-]+\.ts)\n/.exec(code)?.[1];
    if (name !== undefined) writeFileSync(join(source, name), code.replace("port: 4000", `port: ${port}`));
  }
  writeFileSync(join(source, "package.json"), '{ "type": "module" }');
  const at = (path) => join(root, path);
  await build({
    configFile: false,
    logLevel: "error",
    root: source,
    plugins: [coldframe()],
    resolve: {
      alias: [
        { find: /^coldframe$/, replacement: at("runtime/index.ts") },
        { find: /^coldframe\/machine$/, replacement: at("runtime/machine/index.ts") },
        { find: /^coldframe\/memory$/, replacement: at("stores/memory/index.ts") },
        { find: /^coldframe\/http$/, replacement: at("plugins/http/index.ts") },
      ],
    },
    build: {
      outDir: join(folder, "out"),
      target: "es2022",
      minify: false,
      lib: { entry: join(source, file), formats: ["es"], fileName: () => "main.mjs" },
    },
  });
  return join(folder, "out");
}

function workerdConfig(folder, port) {
  const config = join(folder, "config.capnp");
  // The entry first: workerd takes that one for the worker.
  const names = readdirSync(folder)
    .filter((name) => /\.m?js$/.test(name))
    .sort((a, b) => Number(b === "main.mjs") - Number(a === "main.mjs"));
  const modules = names.map((name) => `(name = "${name}", esModule = embed "${name}")`);
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [${modules.join(", ")}],
    compatibilityDate = "2025-01-01",
    durableObjectNamespaces = [(className = "Runs", uniqueKey = "runs")],
    durableObjectStorage = (inMemory = void),
    bindings = [(name = "RUNS", durableObjectNamespace = "Runs")]
  ))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);`,
  );
  return config;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
