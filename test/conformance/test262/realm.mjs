/**
 * A realm for one run of one program: a fresh context, the suite's host object in it, and a loader of modules. With a machine, what is
 * loaded is compiled first.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { types } from "node:util";
import vm from "node:vm";
import { compile } from "../../../dist/compiler/index.js";

/** What the machine may expect of a platform, beyond the language; programs see it too. */
const platform = {
  ...{ AbortController, AbortSignal, DOMException, Headers, URL, URLSearchParams, console },
  ...{ TextDecoder, TextEncoder, atob, btoa, queueMicrotask, structuredClone, setTimeout, clearTimeout },
};

/** By this the machine asks what is a Proxy, as in Node. Programs do not see it. */
const process = { getBuiltinModule: (name) => (name === "util" ? { types } : undefined) };

/** A program that loops for ever is ended after as many milliseconds. */
const LIMIT = 10_000;

/** The compiler refused a program that is a syntax error to nobody else. */
export class Refused extends Error {}

/**
 * Source as it is evaluated: compiled whole, or where it is marked.
 *
 * @param {"all" | "directives"} mark
 * @throws {SyntaxError} when the source is none, and {@link Refused} when the compiler takes no such program
 */
export function toCode(source, filename, sourceType, mark = "all") {
  const { code, diagnostics } = compile(source, { filename, sourceType, mark });
  if (code !== null) return code;
  const found = diagnostics.map((one) => `${one.code} ${one.line}: ${one.message}`).join("\n");
  if (diagnostics.some((one) => one.code === "CF1001")) throw new SyntaxError(found);
  throw new Refused(found);
}

export class Realm {
  context;
  /** What `machine-entry.mjs` exports, in a realm with a machine. */
  testing = null;
  #compiles;
  #modules = new Map();
  /** Of modules that `import()` links. */
  #links = new Map();

  /** @param {{ machine: vm.Script | null, parked: boolean, done: (error?: unknown) => void }} options */
  constructor({ machine, parked, done }) {
    this.#compiles = machine !== null;
    this.context = vm.createContext({ ...platform, $DONE: done, print: () => {}, process });
    if (machine !== null) {
      machine.runInContext(this.context);
      this.testing = this.#run("coldframeTesting", "testing.js");
      if (parked) this.testing.parkEverywhere({ at: "job" });
    }
    // The host object is the program's, so it is of its realm.
    const host = this.#run(
      "delete globalThis.coldframeTesting; delete globalThis.process; globalThis.$262 = {}",
      "host.js",
    );
    Object.assign(host, {
      global: this.#run("globalThis", "host.js"),
      gc: () => {},
      detachArrayBuffer: (buffer) => void structuredClone(buffer, { transfer: [buffer] }),
      evalScript: (text) => this.#run(text, "evaluated.js"),
      createRealm: () => new Realm({ machine, parked: false, done }).context.$262,
      destroy: () => {},
    });
  }

  /** @param {string | vm.Script} code already compiled, if it is to be */
  script(code, filename) {
    if (code instanceof vm.Script) code.runInContext(this.context, { timeout: LIMIT });
    else this.#run(code, filename);
  }

  async module(source, path) {
    const module = this.#make(source, path);
    await module.link((specifier) => this.#load(specifier, path));
    await module.evaluate({ timeout: LIMIT });
  }

  #run(code, filename) {
    return vm.runInContext(code, this.context, {
      filename,
      timeout: LIMIT,
      importModuleDynamically: (specifier) => this.#import(specifier, filename),
    });
  }

  async #import(specifier, from) {
    const module = this.#load(specifier, from);
    if (module.status === "unlinked")
      this.#links.set(
        module,
        module.link((wanted, { identifier }) => this.#load(wanted, identifier)),
      );
    await this.#links.get(module);
    if (module.status === "linked") await module.evaluate({ timeout: LIMIT });
    return module;
  }

  #make(source, path) {
    const code = this.#compiles ? toCode(source, path, "module") : source;
    const module = new vm.SourceTextModule(code, {
      context: this.context,
      identifier: path,
      initializeImportMeta: () => {},
      importModuleDynamically: (specifier) => this.#import(specifier, path),
    });
    this.#modules.set(path, module);
    return module;
  }

  #load(specifier, from) {
    if (specifier === "coldframe/machine") return this.#machine();
    const path = resolve(dirname(from), specifier);
    return this.#modules.get(path) ?? this.#make(readFileSync(path, "utf8"), path);
  }

  #machine() {
    const known = this.#modules.get("machine");
    if (known) return known;
    const { helpers } = this.#run('globalThis[Symbol.for("coldframe.registry@1")]', "registry.js");
    const module = new vm.SyntheticModule(
      Object.keys(helpers),
      () => {
        for (const name of Object.keys(helpers)) module.setExport(name, helpers[name]);
      },
      { context: this.context, identifier: "coldframe/machine" },
    );
    this.#modules.set("machine", module);
    return module;
  }
}
