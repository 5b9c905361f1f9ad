/** The manifests that a bundler met, with types: what it compiled is not compiled again, but looked up in a program of TypeScript. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Project } from "ts-morph";
import type { Manifest } from "../abi/index.ts";
import { noTsconfig } from "./no-tsconfig.ts";
import { findTsconfig } from "./program.ts";
import { type Typed, withTypes } from "./schemas.ts";

/**
 * @param modules by absolute path. Those of packages stay as they are
 * @param tsconfig absolute, or relative to the working directory. Default: that of each module, the nearest one
 * @throws ColdframeError CF3203 when there is none
 */
export function typedManifests(
  modules: ReadonlyMap<string, Manifest>,
  tsconfig: string | null,
): ReadonlyMap<string, Manifest> {
  const typed = new Map(modules);
  const own = [...modules.keys()].filter((path) => !/[\\/]node_modules[\\/]/.test(path));
  const given = tsconfig === null ? null : resolve(tsconfig);
  const byConfig = new Map<string, string[]>();
  for (const path of own) {
    const config = given ?? findTsconfig(dirname(path));
    byConfig.set(config, [...(byConfig.get(config) ?? []), path]);
  }
  for (const [config, paths] of byConfig)
    for (const [path, manifest] of ofProject(config, paths, modules)) typed.set(path, manifest);
  return typed;
}

function ofProject(
  tsconfig: string,
  paths: readonly string[],
  manifests: ReadonlyMap<string, Manifest>,
): (readonly [path: string, manifest: Manifest])[] {
  if (!existsSync(tsconfig))
    throw noTsconfig(tsconfig, 'Name another one with manifestTypes({ project: "…" }).');
  const project = new Project({ tsConfigFilePath: tsconfig });
  const sources = paths.flatMap((path) => {
    const found = project.addSourceFileAtPathIfExists(path);
    return found === undefined ? [] : [{ path, fileName: found.getFilePath() as string }];
  });
  const program = project.getProgram().compilerObject;
  const modules = new Map(
    sources.map(({ path, fileName }) => [fileName, { manifest: manifests.get(path)! }]),
  );
  const typed: Typed = { types: project.getTypeChecker().compilerObject, modules };
  return sources.flatMap(({ path, fileName }) => {
    const source = program.getSourceFile(fileName);
    return source === undefined ? [] : [[path, withTypes({ source }, manifests.get(path)!, typed)] as const];
  });
}
