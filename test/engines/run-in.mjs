/** Calls `hop` and `demo` of the bundle in an engine of each kind: a process, a worker behind HTTP, a page. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

/** Longest time that an engine may take to begin and to answer, in ms. */
const PATIENCE = 60_000;

/**
 * @param {import("./fetch.mjs").Engine} engine
 * @param {string} bundle path
 * @param {{ call: "hop" | "demo", input: unknown }} request
 * @returns {Promise<unknown>} what the function returned
 */
export async function runIn(engine, bundle, request) {
  const answer = await runners[engine.kind](engine.program, bundle, JSON.stringify(request));
  const { value, error } = JSON.parse(answer);
  if (error !== undefined) throw new Error(`${engine.name}: ${error}`);
  return value;
}

/** What every engine evaluates: `answer(text)` gives text. */
const ANSWER = `
export async function answer(text) {
  try {
    const { call, input } = JSON.parse(text);
    const value = await (call === "hop" ? hop(input) : demo());
    return JSON.stringify({ value: value === undefined ? null : value });
  } catch (error) {
    return JSON.stringify({ error: String(error && error.stack || error) });
  }
}`;

const runners = {
  node: (program, bundle, text) => inProcess(program, [], bundle, text),
  bun: (program, bundle, text) => inProcess(program, ["run"], bundle, text),
  deno: (program, bundle, text) => inProcess(program, ["run", "--allow-read", "--no-config"], bundle, text),
  workerd,
  chromium,
};

function hostFile(bundle, rest) {
  const path = join(dirname(bundle), `host-${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(path, `import { hop, demo } from "./${basename(bundle)}";${ANSWER}\n${rest}`);
  return path;
}

async function inProcess(program, options, bundle, text) {
  const host = hostFile(
    bundle,
    `import process from "node:process";
     let text = ""; process.stdin.setEncoding("utf8");
     for await (const part of process.stdin) text += part;
     process.stdout.write(await answer(text));`,
  );
  const child = spawn(program, [...options, host], { stdio: ["pipe", "pipe", "pipe"], timeout: PATIENCE });
  child.stdin.end(text);
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (part) => (out += part));
  child.stderr.setEncoding("utf8").on("data", (part) => (err += part));
  const [code] = await once(child, "close");
  if (code !== 0 || out === "") throw new Error(`it ended with code ${code}: ${err}`);
  return out;
}

async function workerd(program, bundle, text) {
  const folder = mkdtempSync(join(tmpdir(), "coldframe-workerd-"));
  const port = await freePort();
  writeFileSync(join(folder, "bundle.mjs"), readFileSync(bundle));
  writeFileSync(
    join(folder, "host.mjs"),
    `import { hop, demo } from "./bundle.mjs";${ANSWER}
     export default { async fetch(request) { return new Response(await answer(await request.text())) } };`,
  );
  writeFileSync(
    join(folder, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "host.mjs", esModule = embed "host.mjs"), (name = "bundle.mjs", esModule = embed "bundle.mjs")],
    compatibilityDate = "2025-01-01"
  ))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);`,
  );
  const child = spawn(program, ["serve", join(folder, "config.capnp")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (part) => (err += part));
  try {
    return await retried(
      child,
      () => err,
      async () => (await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: text })).text(),
    );
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

async function chromium(program, bundle, text) {
  const profile = mkdtempSync(join(tmpdir(), "coldframe-chromium-"));
  let told;
  const answer = new Promise((resolve) => (told = resolve));
  const page = `<!doctype html><script type="module">
    import { hop, demo } from "/bundle.mjs";${ANSWER.replace("export ", "")}
    const text = await (await fetch("/request")).text();
    await fetch("/answer", { method: "POST", body: await answer(text) });
  </script>`;
  const server = createServer(async (request, response) => {
    if (request.url === "/answer") {
      let body = "";
      for await (const part of request) body += part;
      told(body);
      response.end();
      return;
    }
    const [type, content] =
      {
        "/bundle.mjs": ["text/javascript", readFileSync(bundle)],
        "/request": ["application/json", text],
        "/": ["text/html", page],
      }[request.url] ?? [];
    response.writeHead(content === undefined ? 404 : 200, {
      "content-type": `${type ?? "text/plain"}; charset=utf-8`,
    });
    response.end(content);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const options = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    `--user-data-dir=${profile}`,
  ];
  const child = spawn(program, [...options, `http://127.0.0.1:${server.address().port}/`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (part) => (err += part));
  try {
    return await Promise.race([answer, tooLong(child, () => err)]);
  } finally {
    child.kill("SIGKILL");
    server.close();
    server.closeAllConnections();
    await once(child, "close");
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** Tries until the engine listens. */
async function retried(child, err, attempt) {
  const late = tooLong(child, err);
  for (;;) {
    const tried = attempt().catch(() => null);
    const answer = await Promise.race([tried, late]);
    if (answer !== null) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function tooLong(child, err) {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`it gave no answer: ${err()}`)), PATIENCE);
    timer.unref();
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`it ended with code ${code}: ${err()}`)));
  });
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
