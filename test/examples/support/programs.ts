/** The examples as the tests run them: what to call, and how the systems behave meanwhile. */
import { expandCapacity } from "../../../examples/expand-capacity/workflows/expand-capacity.ts";
import { upgradeGame } from "../../../examples/upgrade-game/workflows/upgrade-game.ts";
import type { Plan } from "./ledger.ts";
import { expand, upgrade } from "./plans.ts";

export interface Program {
  // biome-ignore lint/suspicious/noExplicitAny: programs with any parameters
  readonly program: (...args: any[]) => Promise<unknown>;
  readonly args: readonly unknown[];
  readonly plan: Plan;
}

const upgrading = (refusals: Plan["refusals"]): Program => ({
  program: upgradeGame,
  args: [7, "v2.zip"],
  plan: upgrade(refusals),
});

export const programs = {
  expand: { program: expandCapacity, args: ["B6"], plan: expand },
  upgrade: upgrading({}),
  stuck: upgrading({ "server.stop": ["stop timeout"] }),
  patient: upgrading({ "database.backup": ["disk busy", "disk busy"] }),
  rollback: upgrading({ "server.stop": ["stop timeout"], "database.upgrade": ["bad sql"] }),
  both: upgrading({ "database.upgrade": ["bad sql"], "application.upgrade": ["bad zip"] }),
  corrupt: upgrading({ "database.upgrade": ["bad sql"], "database.restore": ["dump corrupt"] }),
} satisfies Readonly<Record<string, Program>>;
