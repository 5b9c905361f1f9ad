/** `coldframe serve`: a worker and the HTTP API of its runs, in one process. */
import { createServer, type Server } from "node:http";
import { httpHandler, type WorkflowFunction } from "../../plugins/http/index.ts";
import { toNodeListener } from "../../plugins/http/node/index.ts";
import { ColdframeError } from "../../runtime/errors.ts";
import { codeOf, nameOf, stampOf } from "../../runtime/machine/index.ts";
import { loadModule } from "../load-module.ts";
import type { Page, Terminal } from "../page.ts";
import { readLock } from "../read-lock.ts";
import { signalled } from "../signalled.ts";
import { logLine, workHere } from "../work-here.ts";
import { workerArgs, workOrder } from "../worker-options.ts";

const PORT = "4000";
const HOST = "127.0.0.1";
/** How long answers may take to be sent when it stops, in ms. */
const GOODBYE = 1000;

export const serve: Page = {
  name: "serve",
  summary: "carry runs on, and answer HTTP requests about them",
  args: {
    port: { type: "string", valueHint: "n", description: `to listen at (default: ${PORT}; 0: a free one)` },
    host: { type: "string", valueHint: "address", description: `to listen at (default: ${HOST})` },
    token: {
      type: "string",
      valueHint: "text",
      description: "that requests need (default: COLDFRAME_TOKEN)",
    },
    base: { type: "string", valueHint: "path", description: "what addresses begin with, as /api" },
    ...workerArgs,
  },
  rest: "module",
  examples: [
    "coldframe serve workflows/order.ts",
    "coldframe serve ./a.ts --port 8080 --base /api",
    "coldframe serve ./a.ts --group web --builds builds",
  ],
  notes: [
    'curl -H "Authorization: Bearer $COLDFRAME_TOKEN" 127.0.0.1:4000/runs',
    "Exported workflows of the modules can be started, by their names. The",
    "addresses are described at /openapi.json. Everybody on the machine sees an",
    "option --token in the list of processes: use the variable. It speaks plain",
    "HTTP: put it behind a proxy that speaks TLS before you open it with --host.",
  ],
  async run(invocation, terminal) {
    const { rest, json, values } = invocation;
    if (rest.length === 0)
      throw new ColdframeError("CF3201", "a module with workflows is missing. See coldframe serve --help.");
    const text = (name: string) => values[name] as string | undefined;
    const port = portOf(text("port") ?? PORT);
    const token = text("token") ?? terminal.env["COLDFRAME_TOKEN"] ?? "";
    if (token === "")
      throw new ColdframeError(
        "CF3401",
        "set COLDFRAME_TOKEN to a text of at least 16 characters, which requests need",
      );
    const order = workOrder(invocation, terminal.cwd);
    const lock = readLock(terminal.cwd, undefined);
    const workflows = await workflowsIn(rest, terminal);
    const stopped = signalled();
    const engine = await workHere(order, terminal.warn);
    let server: Server | null = null;
    try {
      const handler = httpHandler(engine, {
        auth: { token },
        ...(lock === undefined ? {} : { lock }),
        basePath: text("base") ?? "",
        workflows,
        log: (entry) => terminal.warn(logLine(entry, json)),
      });
      server = createServer(toNodeListener(handler));
      const url = `${await listening(server, port, text("host") ?? HOST)}${text("base") ?? ""}`;
      const message = `listening at ${url}`;
      terminal.warn(json ? JSON.stringify({ level: "info", message, url }) : `${message}; Ctrl-C stops`);
      await stopped;
    } finally {
      const closed = new Promise((resolve) => server?.close(resolve) ?? resolve(null));
      await engine.close();
      if (server !== null) await hangUp(server, closed);
    }
    if (!json) terminal.warn("stopped");
    setTimeout(() => process.exit(), 50).unref();
  },
};

/** Exported async workflows by name. */
async function workflowsIn(
  modules: readonly string[],
  terminal: Terminal,
): Promise<Readonly<Record<string, WorkflowFunction>>> {
  const found = new Map<string, WorkflowFunction>();
  for (const module of modules) {
    for (const [name, value] of Object.entries(await loadModule(module, terminal))) {
      const id = typeof value === "function" ? nameOf(value) : undefined;
      // One that another function made is called as its binding.
      const code = id === undefined ? undefined : (stampOf(value)?.code ?? codeOf(id));
      if (code?.kind !== "async") continue;
      if (found.has(name) && found.get(name) !== value)
        throw new ColdframeError(
          "CF3201",
          `two modules have a workflow "${name}". Serve them in two processes.`,
        );
      found.set(name, value as WorkflowFunction);
    }
  }
  return Object.fromEntries(found);
}

/** Requests that waited have been answered when the engine closed: lets the answers go out, but waits for nobody who does not read. */
async function hangUp(server: Server, closed: Promise<unknown>): Promise<void> {
  const idle = setInterval(() => server.closeIdleConnections(), 10);
  const last = setTimeout(() => server.closeAllConnections(), GOODBYE);
  await closed;
  clearInterval(idle);
  clearTimeout(last);
}

function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new ColdframeError("CF3201", `--port ${text}: a number from 0 to 65535.`);
}

/** Resolves to the address. */
function listening(server: Server, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "EADDRINUSE" ? "something else listens there" : error.message;
      reject(new ColdframeError("CF3201", `--host ${host} --port ${port}: ${why}.`));
    });
    server.listen(port, host, () => {
      const {
        address,
        family,
        port: taken,
      } = server.address() as { address: string; family: string; port: number };
      resolve(`http://${family === "IPv6" ? `[${address}]` : address}:${taken}`);
    });
  });
}
