/** Which program each trace in `expected/` belongs to, and what happens meanwhile. */
import { deployWhenApproved, deployWhenApprovedInTime, expandCapacity, upgradeGame } from "./flows.ts";
import type { Course } from "./systems.ts";

export interface Scenario extends Course {
  // biome-ignore lint/suspicious/noExplicitAny: programs with any parameters
  readonly program: (...args: any[]) => Promise<unknown>;
  readonly args: readonly unknown[];
}

/** The key of the only question that is ever asked. */
export const APPROVAL = "approve:T1";

const threeDays = 3 * 86_400_000;

const approval = (...approvals: Course["approvals"]): Scenario => ({
  program: deployWhenApproved,
  args: [],
  failures: {},
  approvals,
});

const deadline = (...approvals: Course["approvals"]): Scenario => ({
  ...approval(...approvals),
  program: deployWhenApprovedInTime,
});

const upgrading = (failures: Course["failures"]): Scenario => ({
  program: upgradeGame,
  args: [7, "v2.zip"],
  failures,
  approvals: [],
});

export const scenarios: Readonly<Record<string, Scenario>> = {
  expand_capacity: { program: expandCapacity, args: [], failures: {}, approvals: [] },
  "some_process.yes": approval({ at: 5_000, answer: true }),
  "some_process.no": approval({ at: 5_000, answer: false }),
  "some_process.early_event": approval({ at: 0, answer: true }),
  "some_process.never": approval(),
  "some_process_deadline.refused": deadline({ at: 9, answer: false }),
  "some_process_deadline.timeout": deadline({ at: threeDays + 12, answer: true }),
  "upgrade.ok": upgrading({}),
  "upgrade.stop_fails_then_kill": upgrading({ "game.stop": ["stop timeout"] }),
  "upgrade.backup_fails_twice": upgrading({ "db.backup": ["disk busy", "disk busy"] }),
  "upgrade.backup_fails_always": upgrading({ "db.backup": Array.from({ length: 9 }, () => "disk full") }),
  "upgrade.db_upgrade_fails": upgrading({ "db.upgrade": ["bad sql"] }),
  "upgrade.app_upgrade_fails": upgrading({ "app.upgrade": ["bad zip"] }),
  "upgrade.both_fail": upgrading({ "db.upgrade": ["bad sql"], "app.upgrade": ["bad zip"] }),
  "upgrade.start_fails": upgrading({ "game.start": ["port in use"] }),
  "upgrade.rollback_fails": upgrading({ "db.upgrade": ["bad sql"], "db.restore": ["dump corrupt"] }),
};
