/** The compiler: source in, compiled source, source map, manifest and diagnostics out. */

export type { Manifest, ManifestCode, ManifestPoint } from "../abi/index.ts";
export {
  type CompiledProgram,
  type CompileOptions,
  type CompileResult,
  compile,
  compileProgram,
  digestOf,
  eraseTypes,
  type SourceMap,
} from "./compile.ts";
export {
  CompileError,
  type Diagnostic,
  type DiagnosticCode,
  diagnosticTitles,
  formatDiagnostic,
} from "./diagnostics.ts";
export { mayBeMarked } from "./discover.ts";
export { buildManifest, manifestText } from "./manifest.ts";
export type { Decorators } from "./parse.ts";
