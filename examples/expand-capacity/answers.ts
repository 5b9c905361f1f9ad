/** Where chat calls back: one small endpoint that passes the answer on to whoever waits for it, a running worker or not. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Engine } from "coldframe";

export interface Endpoint {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves `POST /answers` with `{ key, answer }`. The key is not guessable, so whoever has it was asked. */
export async function answersEndpoint(engine: Engine): Promise<Endpoint> {
  const server = createServer(async (request, response) => {
    try {
      let text = "";
      for await (const chunk of request) text += chunk;
      const { key, answer } = JSON.parse(text) as { key: string; answer: boolean };
      await engine.send(key, answer);
      response.writeHead(204).end();
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/answers`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
