/** `coldframe/http`: an engine behind HTTP. Standard Fetch API only: it is mounted wherever that is spoken. */
export type { Action, Auth, Authorize, Bearer, Rule, Subject } from "./auth.ts";
export type { CorsOptions } from "./cors.ts";
export { type HttpHandler, type HttpOptions, httpHandler } from "./handler.ts";
export type { LimitOptions } from "./limits.ts";
export type { WorkflowFunction } from "./workflows.ts";
