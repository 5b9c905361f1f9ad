/** How the systems of the examples behave in tests: one plan for each course of events. */
import type { Plan } from "./ledger.ts";

export const systems = ["RES", "CHAT", "CC", "IJOBS", "GSLB", "SERVER", "DATABASE", "APPLICATION"] as const;

/** Points the examples at systems that only the ledger knows. */
export function address(): void {
  for (const system of systems) process.env[`${system}_URL`] = `http://${system.toLowerCase()}`;
}

/** Every machine is `10.0.0.1`. */
export const expand: Plan = {
  answers: { "res.request_new_server": { ip: "10.0.0.1" }, "ijobs.exec_job": { exit: 0 } },
  refusals: {},
  gates: {},
};

/**
 * Both branches of the upgrade are answered in turn: the database is always a little faster than the application.
 * @param refusals messages by operation, for its first calls
 */
export function upgrade(refusals: Plan["refusals"]): Plan {
  const backupFails = refusals["database.backup"] !== undefined;
  return {
    answers: { "database.backup": "dump.sql.gz", "application.backup": "app.tgz" },
    refusals,
    gates: {
      "database.backup": "-> application.backup",
      "application.backup": backupFails ? "<- database.backup" : "-> database.upgrade",
      "database.upgrade": "-> application.upgrade",
      "application.upgrade": backupFails ? "<- application.backup" : "<- database.upgrade",
    },
  };
}
