/**
 * The checker (`coldframe check`): what a person can know before a deploy. Types of frames, values that cannot be saved, what becomes of
 * parked runs. `docs/check.md` explains it.
 */
export { type Checked, changesSince, findingsOf, loadedByWorkers, manifestOf } from "./check.ts";
export { type Change, compare, type Gained, type Retyped, type Target, type Verdict } from "./compare.ts";
export { type Finding, type Fix, formatFinding, type Place } from "./finding.ts";
export { applyFixes, MIGRATIONS_FILE, migrationStubs } from "./fix.ts";
export { append, LOCK_FILE, lockText, modulesOf, readLock } from "./lock.ts";
export { LOCK_TYPES_FILE, lockTypes } from "./lock-types.ts";
export { type Describe, findTsconfig, SourceProgram } from "./program.ts";
export { Schemas } from "./rehearse.ts";
export { typeText, withTypes } from "./schemas.ts";
