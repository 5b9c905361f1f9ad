/** The floor that everything stands on: what compiled code, runtime and checker agree on. */
export { ABI_VERSION, TDZ } from "./frame.ts";
export type { Code, CodeKind, Frame, FrameClass, Point, RecordSchema, StepFunction } from "./frame.ts";
