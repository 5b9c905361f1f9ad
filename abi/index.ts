/** The floor that everything stands on: what compiled code, runtime and checker agree on. */

export { buildIdOf, type ModuleHash } from "./build-id.ts";
export type { Code, CodeKind, Frame, Point, RecordSchema, StepFunction, ValueKind } from "./frame.ts";
export { ABI_VERSION, TDZ } from "./frame.ts";
export {
  type BuildManifest,
  type Lock,
  MANIFEST_FORMAT,
  type Manifest,
  type ManifestCode,
  type ManifestPoint,
  type ManifestRecord,
  type Release,
  type ReleasedCode,
  type TypeManifests,
} from "./manifest.ts";
export { savableContainers, savableTypes } from "./savable.ts";
export { digest, sha256 } from "./sha256.ts";
