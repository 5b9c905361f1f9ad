/** The three systems of a game: its server process, its database, and the application that runs on it. */
import { type StandIn, type StandInOptions, standIn } from "../../stand-in.ts";

export interface GameSystems {
  readonly server: StandIn;
  readonly database: StandIn;
  readonly application: StandIn;
  close(): Promise<void>;
}

/** Starts the stand-ins, each a little slower than the one before, so that the traces of all runs look alike. */
export async function gameSystems(onTrace: (line: string) => void): Promise<GameSystems> {
  const named = (system: string, delay: number): Omit<StandInOptions, "operations"> => ({
    delay: [delay, delay],
    onTrace: (line) => onTrace(`${line.slice(0, 3)}${system}.${line.slice(3)}`),
  });
  const done = (_: { game: number }) => null;
  const server = await standIn({
    ...named("server", 20),
    operations: { stop: done, kill: done, start: done },
  });
  const database = await standIn({
    ...named("database", 40),
    operations: { backup: (_: { game: number }) => "dump.sql.gz", upgrade: done, restore: done },
  });
  const application = await standIn({
    ...named("application", 60),
    operations: { backup: (_: { game: number }) => "app.tgz", upgrade: done, restore: done },
  });
  const all = [server, database, application];
  return {
    server,
    database,
    application,
    close: async () => void (await Promise.all(all.map((one) => one.close()))),
  };
}
