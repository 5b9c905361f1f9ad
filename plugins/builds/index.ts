/** `coldframe/builds`: kept copies of older builds, in which a worker carries old runs on beside the code that it was started with. */
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ABI_VERSION } from "../../abi/index.ts";
import { ColdframeError } from "../../runtime/errors.ts";
import * as api from "../../runtime/index.ts";
import * as machine from "../../runtime/machine/index.ts";
import { knownResource } from "../../runtime/snapshot/index.ts";
import { KEPT, KEPT_FORMAT, type KeptHeader, keptNameIn, readKept, unfit } from "./format.ts";

/** What a kept file imports. */
interface Given {
  readonly machine: Readonly<Record<string, unknown>>;
  readonly api: Readonly<Record<string, unknown>>;
}

const home = globalThis as { [KEPT]?: Map<string, Given> };

/** What of `coldframe` makes something known about code. */
const REGISTERING = ["migrate", "renamed", "upgrade"] as const;

/**
 * The builds that `coldframe build --keep` has put into a folder, for `createEngine({ builds })`. Their code is evaluated when the
 * first run needs it.
 * @param folder path, from the working directory
 */
export function keptBuilds(folder: string | URL): api.KeptBuilds {
  const path = folder instanceof URL ? fileURLToPath(folder) : resolve(folder);
  const loading = new Map<string, Promise<machine.Loaded>>();
  return {
    async list() {
      const files = await filesIn(path);
      return Promise.all(
        [...files].map(async ([build, name]) => {
          const { modules } = await headerIn(path, name);
          return { id: build, modules };
        }),
      );
    },
    load(build) {
      const known = machine.registry.kept.get(build);
      if (known !== undefined) return Promise.resolve(known);
      let found = loading.get(build);
      if (found === undefined) {
        found = load(path, build).finally(() => loading.delete(build));
        loading.set(build, found);
      }
      return found;
    },
  };
}

/**
 * Names of files by the builds that they hold.
 * @throws ColdframeError CF3501 when there is no such folder, CF3502 when it holds two copies of one build
 */
async function filesIn(folder: string): Promise<ReadonlyMap<string, string>> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    throw new ColdframeError(
      "CF3501",
      `"${folder}" cannot be read (${(error as NodeJS.ErrnoException).code}). "coldframe build … --keep" makes the folder`,
      { cause: error },
    );
  }
  const files = new Map<string, string>();
  for (const name of names.sort()) {
    const named = keptNameIn(name);
    if (named === null) continue;
    const other = files.get(named.build);
    if (other !== undefined)
      throw unfit(join(folder, name), `"${other}" is another copy of the same build. One of them has to go`);
    files.set(named.build, name);
  }
  return files;
}

async function headerIn(folder: string, name: string): Promise<KeptHeader> {
  const path = join(folder, name);
  return readKept(path, name, await readFile(path, "utf8"));
}

async function load(folder: string, build: string): Promise<machine.Loaded> {
  const name = (await filesIn(folder)).get(build);
  if (name === undefined) {
    throw new ColdframeError(
      "CF3501",
      `"${folder}" has no copy of build ${build} any more. Put it back, or start a worker with that code`,
    );
  }
  const path = join(folder, name);
  const { abi, format, modules, version, project } = await headerIn(folder, name);
  if (abi !== ABI_VERSION || format !== KEPT_FORMAT)
    throw unfit(
      path,
      `it was compiled for another version of coldframe (ABI ${abi}, this one has ${ABI_VERSION})`,
    );
  const code = machine.openCode(build);
  home[KEPT] ??= new Map();
  home[KEPT].set(build, givenTo(code));
  try {
    await import(/* @vite-ignore */ pathToFileURL(path).href);
  } catch (error) {
    const { message } = error as Error;
    throw unfit(path, `its code (${project} ${version}) cannot be evaluated here: ${message}`, error);
  }
  for (const { id, hash } of modules)
    if (code.modules.get(id)?.hash !== hash) throw unfit(path, `it says that it holds "${id}", and does not`);
  machine.registry.kept.set(build, code);
  return code;
}

function givenTo(code: machine.Loaded): Given {
  return {
    machine: machine.helpersFor(code, machine),
    api: {
      ...api,
      ...machine.registeringIn(code, api, REGISTERING),
      // What the process has under a name is also what its old code means by it.
      resource: <T extends object>(name: string, value: T) =>
        (knownResource(name) as T | undefined) ?? api.resource(name, value),
    },
  };
}
