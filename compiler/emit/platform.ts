/** Names of the platform that mean something of the machine's in marked code. */

/** Free identifiers that mean the durable ones in marked functions. */
const durableGlobals: { readonly [name: string]: string } = { Promise: "$Promise" };

/** Free identifiers of marked modules that engines may lack, or whose objects they do not let anybody save. */
const suppliedGlobals: { readonly [name: string]: string } = {
  DisposableStack: "$DisposableStack",
  AsyncDisposableStack: "$AsyncDisposableStack",
  SuppressedError: "$SuppressedError",
};

/** The helper that a free identifier means; undefined: what it is everywhere. */
export function suppliedName(name: string, atModuleLevel: boolean): string | undefined {
  if (Object.hasOwn(suppliedGlobals, name)) return suppliedGlobals[name];
  return !atModuleLevel && Object.hasOwn(durableGlobals, name) ? durableGlobals[name] : undefined;
}
