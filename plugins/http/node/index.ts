/** `coldframe/http/node`: a Fetch handler as a listener of Node's own `http` server. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { ColdframeError } from "../../../runtime/errors.ts";

/** Headers that belong to the connection: the server itself speaks about them. */
const HOP = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection", "te"]);

/**
 * `createServer(toNodeListener(handler))`. The request's signal is aborted when the client goes, and a client that reads slowly slows
 * down whoever writes.
 */
export function toNodeListener(
  handler: (request: Request) => Response | Promise<Response>,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (incoming, outgoing) => {
    const gone = new AbortController();
    outgoing.once("close", () => gone.abort());
    // A connection that breaks is no failure of the server.
    incoming.on("error", () => {});
    outgoing.on("error", () => {});
    answer(incoming, outgoing, handler, gone.signal).catch(() => outgoing.destroy());
  };
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  handler: (request: Request) => Response | Promise<Response>,
  signal: AbortSignal,
): Promise<void> {
  let request: Request;
  try {
    request = requestOf(incoming, signal);
  } catch {
    // What the Fetch API has no words for: TRACE, or an address that is none.
    outgoing.writeHead(400, { connection: "close" }).end();
    return;
  }
  await send(await handler(request), incoming, outgoing);
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const { method = "GET", url = "/", rawHeaders } = incoming;
  const headers = new Headers();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    if (!name.startsWith(":") && !HOP.has(name)) headers.append(name, rawHeaders[i + 1]!);
  }
  const scheme = "encrypted" in incoming.socket ? "https" : "http";
  // HTTP/2 has another word for it.
  const host = headers.get("host") ?? incoming.headers[":authority"];
  const base = `${scheme}://${typeof host === "string" ? host : "localhost"}`;
  // An absolute address is for a proxy, and `//host` would be another one's.
  const address = URL.canParse(base) ? new URL(base) : new URL(`${scheme}://localhost`);
  const target = new URL(`http://localhost${url.startsWith("/") ? url : "/"}`);
  address.pathname = target.pathname;
  address.search = target.search;
  const bare = method === "GET" || method === "HEAD";
  const init: RequestInit & { duplex?: "half" } = { method, headers, signal };
  if (!bare) Object.assign(init, { body: bodyOf(incoming), duplex: "half" });
  return new Request(address, init);
}

/** Read as it is asked for, so that nothing piles up before it is. What somebody else has read is not taken for an empty body. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const wasRead = incoming.readableDidRead;
  const parts = incoming[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (wasRead)
          throw new ColdframeError(
            "CF3413",
            "mount toNodeListener(handler) before express.json() and other body parsers",
          );
        const { done, value } = await parts.next();
        if (done === true) controller.close();
        else controller.enqueue(new Uint8Array(value as Buffer));
      },
    },
    { highWaterMark: 0 },
  );
}

async function send(response: Response, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { body } = response;
  if (outgoing.destroyed) {
    await body?.cancel();
    return;
  }
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) {
    if (name === "set-cookie") outgoing.appendHeader(name, value);
    else outgoing.setHeader(name, value);
  }
  // The rest of a body that nobody wants is not read to the end for the sake of the connection.
  if (!incoming.complete && hasBody(incoming)) outgoing.setHeader("connection", "close");
  if (body === null) {
    outgoing.end();
    return;
  }
  outgoing.flushHeaders();
  const reader = body.getReader();
  const closed = new Promise<void>((resolve) => outgoing.once("close", resolve));
  outgoing.once("close", () => void reader.cancel().catch(() => {}));
  for (;;) {
    const { done, value } = await reader.read();
    if (done || outgoing.destroyed) break;
    if (outgoing.write(value)) continue;
    await Promise.race([new Promise<void>((resolve) => outgoing.once("drain", resolve)), closed]);
  }
  outgoing.end();
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
