/**
 * Upgrades a game under several courses of events, and prints what its systems saw.
 *
 *   node --import coldframe/register examples/upgrade-game/main.ts [course…]
 */
import { createEngine } from "coldframe";
import { memory } from "coldframe/memory";
import { type GameSystems, gameSystems } from "./services/game-systems.ts";
import { upgradeGame } from "./workflows/upgrade-game.ts";

/** What goes wrong in each course: `system.operation` and the message with which it is refused. */
const courses: Readonly<
  Record<string, readonly (readonly [operation: string, message: string, times?: number])[]>
> = {
  "nothing fails": [],
  "the server does not stop": [["server.stop", "stop timeout"]],
  "the backup fails twice": [["database.backup", "disk busy", 2]],
  "the database cannot be upgraded": [["database.upgrade", "bad sql"]],
  "both upgrades fail": [
    ["database.upgrade", "bad sql"],
    ["application.upgrade", "bad zip"],
  ],
  "the rollback fails, too": [
    ["database.upgrade", "bad sql"],
    ["database.restore", "dump corrupt"],
  ],
};

const wanted = process.argv.slice(2);
const names = wanted.length === 0 ? Object.keys(courses) : wanted;
for (const name of names) {
  const faults = courses[name];
  if (faults === undefined) {
    console.error(`there is no course "${name}"; there are:\n  ${Object.keys(courses).join("\n  ")}`);
    process.exit(2);
  }
  console.log(`\n${name}`);
  const systems = await gameSystems((line) => console.log(`  ${line}`));
  for (const [operation, message, times] of faults) {
    const [system, action] = operation.split(".") as ["server" | "database" | "application", string];
    systems[system].refuse(action, message, times);
  }
  console.log(`  result: ${await upgrade(systems)}`);
  await systems.close();
}

async function upgrade(systems: GameSystems): Promise<string> {
  process.env["SERVER_URL"] = systems.server.url;
  process.env["DATABASE_URL"] = systems.database.url;
  process.env["APPLICATION_URL"] = systems.application.url;
  const engine = await createEngine({ store: memory() });
  try {
    const run = await engine.start(upgradeGame, [7, "v2.zip"], { id: "upgrade-7" });
    return await run.result();
  } finally {
    await engine.close();
  }
}
