/** The systems of a game, each behind an HTTP interface. A refusal is thrown into the workflow at once: it knows better what to do. */
import { idempotencyKey } from "../../idempotency-key.ts";

export async function stopServer(game: number): Promise<void> {
  "use step";
  await post("SERVER_URL", "stop", { game });
}

export async function killServer(game: number): Promise<void> {
  "use step";
  await post("SERVER_URL", "kill", { game });
}

export async function startServer(game: number): Promise<void> {
  "use step";
  await post("SERVER_URL", "start", { game });
}

/** Returns the name of the dump. */
export async function backUpDatabase(game: number): Promise<string> {
  "use step";
  return post<string>("DATABASE_URL", "backup", { game });
}

export async function upgradeDatabase(game: number, file: string): Promise<void> {
  "use step";
  await post("DATABASE_URL", "upgrade", { game, file });
}

export async function restoreDatabase(game: number, dump: string): Promise<void> {
  "use step";
  await post("DATABASE_URL", "restore", { game, dump });
}

/** Returns the name of the archive. */
export async function backUpApplication(game: number): Promise<string> {
  "use step";
  return post<string>("APPLICATION_URL", "backup", { game });
}

export async function upgradeApplication(game: number, file: string): Promise<void> {
  "use step";
  await post("APPLICATION_URL", "upgrade", { game, file });
}

export async function restoreApplication(game: number, archive: string): Promise<void> {
  "use step";
  await post("APPLICATION_URL", "restore", { game, archive });
}

/** One request. The idempotency key is the same in every attempt, so that a system can tell a repetition. */
async function post<T>(system: string, operation: string, body: unknown): Promise<T> {
  const answer = await fetch(`${process.env[system]}/${operation}`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": idempotencyKey() },
    body: JSON.stringify(body),
  });
  const value = (await answer.json()) as T & { error?: string };
  if (!answer.ok) throw new Error(value.error ?? answer.statusText);
  return value;
}
