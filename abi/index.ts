/** The floor that everything stands on: what compiled code, runtime and checker agree on. */

export type { Code, CodeKind, Frame, Point, RecordSchema, StepFunction } from "./frame.ts";
export { ABI_VERSION, TDZ } from "./frame.ts";
