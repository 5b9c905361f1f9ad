/**
 * Snapshots: heap ⇄ text. A run is one graph; what it does not reach is not saved. `docs/snapshot-format.md` is the reference
 * of the text, `kinds/` has the writer and the reader of each kind of value side by side.
 */
import { ColdframeError } from "../errors.ts";
import { $module } from "../machine/index.ts";
import { Interrupted } from "./interrupted.ts";

$module("coldframe/snapshot", "1", {
  ColdframeError: () => ColdframeError,
  Interrupted: () => Interrupted,
});

export { fromBase64, toBase64 } from "./base64.ts";
export { type Chunk, type ChunkBody, type ChunkSet, chunkSetOf, NO_CHUNKS } from "./chunk.ts";
export { type Carried, type DecodeOptions, decodeRun } from "./decode-run.ts";
export {
  type Description,
  describe,
  type LocalDescription,
  type TaskDescription,
  type WaitDescription,
} from "./describe.ts";
export { type EncodeOptions, encodeRun, type RunSnapshot } from "./encode-run.ts";
export { FORMAT_VERSION } from "./format.ts";
export { rebuildInPlace } from "./in-place.ts";
export { Interrupted } from "./interrupted.ts";
export { quote } from "./kind.ts";
export { findClosureCode } from "./kinds/functions.ts";
export { type LiveFrame, liveFrameOf } from "./live-locals.ts";
export {
  type ClassMigration,
  type ClosureMigration,
  type Destination,
  type FrameMigration,
  type Locals,
  migrate,
  type Origin,
  type VersionsOf,
} from "./migrations.ts";
export { markOf } from "./namesakes.ts";
export { placeOfPoint } from "./point-plan.ts";
export {
  type CodePoints,
  codeKey,
  codeRecord,
  type PointRecord,
  type PointsOf,
  parsePoints,
} from "./points.ts";
export { preview } from "./preview.ts";
export { renamed } from "./renames.ts";
export { knownResource, resource } from "./resources.ts";
export {
  nextIdOf,
  type Placed,
  type SavedWait,
  savedWaits,
  withChildrenLetGo,
  withNames,
  withNextId,
  withValues,
} from "./rewrite.ts";
export { type SavedLocal, savedLocals } from "./saved-locals.ts";
export { sealsOf, unopened, unreadable } from "./sealed-text.ts";
export type { Registrations } from "./superjson.ts";
export { decodeValue, encodeList, encodeValue, LEAST_LIMIT } from "./values.ts";
export type { WriterOptions } from "./writer.ts";
