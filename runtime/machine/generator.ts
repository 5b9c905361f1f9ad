/**
 * Generator objects of marked code (ECMA-262 §27.5). The state is that of a task: `ip` and frame; a generator runs on the stack of its caller.
 *
 * | state | `state` | `ip` |
 * |---|---|---|
 * | suspended at the start, its parameters bound | pending | 1: the point before the body |
 * | suspended at a `yield` | pending | the point |
 * | running | pending | `RUNNING`, set by the step function itself |
 * | completed | fulfilled | |
 *
 * A generator object has no properties. Its task is in a private field; so is, in the `prototype` of a generator function, the function.
 * They inherit from the `prototype` of the function, and that from the platform's %GeneratorPrototype%, whose methods refuse them: so ours
 * are properties of each `prototype`. `next` is one for each code, which V8 inlines together with the step function (20 functions in the
 * process: 0.4 of native, against 2.5 with one `next` for all).
 *
 * The field of a sync generator is that of a class of its code, which also makes the object: with a field of one class for all, whose
 * store would meet objects of as many shapes as there are generator functions, a generator of two values took 1.7 of native, against 1.1
 * (20 functions in the process, Node 20).
 */

import type { Code, StepFunction } from "../../abi/index.ts";
import { ColdframeError } from "../errors.ts";
import { type MemberValue, privateMethod } from "./classes.ts";
import { runOf } from "./closure.ts";
import { $code } from "./descriptor.ts";
import {
  type Callable,
  Durable,
  FULFILLED,
  GeneratorQueue,
  NEXT,
  PENDING,
  RETURN,
  type ResumeMode,
  THROW,
} from "./durable.ts";
import { $park } from "./end.ts";
import { createShell, type GeneratorMethods } from "./generator-shell.ts";
import { helperMethods } from "./iterator-helpers.ts";
import { $module, registry } from "./registry.ts";
import { freeRun, inRun, machine, type Run } from "./run.ts";
import { Same } from "./same.ts";
import { $async } from "./values.ts";

/** The point before the body: parameters are bound, nothing has run. */
const START = 1;
const RUNNING = -1;

/** Of async generators, and of objects that the class of their code has not made alone. */
class Tasks extends Same {
  #task: Durable;
  constructor(object: object, task: Durable) {
    super(object);
    this.#task = task;
  }
  static of(object: object): Durable | undefined {
    return #task in object ? object.#task : undefined;
  }
}

/** The class of a sync generator's objects, as compiled code has it: see `$generatorCode`. */
interface GeneratorClass {
  new (task: Durable): object;
  readonly prototype: object;
  of(object: object): Durable | undefined;
}

/**
 * By the prototypes that their objects inherit from; and all of them, for objects whose prototype somebody has changed. A class lives
 * as long as its code does, which each of its objects leads to.
 */
class Classes {
  readonly byPrototype = new WeakMap<object, GeneratorClass>();
  readonly all = new Set<Pick<WeakRef<GeneratorClass>, "deref">>();
}

/** Of the `prototype` that a generator function was made with: the function, and the methods that stand in it. */
class Owners extends Same {
  #owner: Callable;
  #methods: PropertyDescriptorMap;
  constructor(prototype: object, owner: Callable, methods: PropertyDescriptorMap) {
    super(prototype);
    this.#owner = owner;
    this.#methods = methods;
  }
  static of(prototype: object): Callable | undefined {
    return #owner in prototype ? prototype.#owner : undefined;
  }
  static methods(prototype: object): PropertyDescriptorMap | undefined {
    return #owner in prototype ? prototype.#methods : undefined;
  }
}

// Two copies of the runtime know each other's generators: the classes of the first are used by both.
registry.generators ??= { Tasks, Owners, classes: new Classes() };
const shared = registry.generators as {
  readonly Tasks: typeof Tasks;
  readonly Owners: typeof Owners;
  readonly classes: Classes;
};

/** The task of a generator object of marked code, sync or async; `strayTask` knows those that inherit from something else by now. */
export function generatorTask(object: unknown): Durable | undefined {
  if (typeof object !== "object" || object === null) return undefined;
  const task = shared.Tasks.of(object);
  if (task !== undefined) return task;
  for (let one = Object.getPrototypeOf(object); one !== null; one = Object.getPrototypeOf(one)) {
    const Class = shared.classes.byPrototype.get(one);
    if (Class !== undefined) return Class.of(object);
  }
  return undefined;
}

/** The task of a sync generator whose prototype has been changed. Asks the class of every generator function. */
export function strayTask(object: unknown): Durable | undefined {
  if (typeof object !== "object" || object === null) return undefined;
  const { all } = shared.classes;
  for (const known of all) {
    const Class = known.deref();
    if (Class === undefined) all.delete(known);
    const task = Class?.of(object);
    if (task !== undefined) return task;
  }
  return undefined;
}

/** The generator function that `prototype` was made for. */
export function generatorFunctionOf(prototype: object): Callable | undefined {
  return shared.Owners.of(prototype);
}

/** What somebody has done to the `prototype` of a generator function: `isMade` tells the methods that are as they were. */
export function prototypeChanges(prototype: object): {
  readonly isMade: (key: PropertyKey) => boolean;
  readonly removed: readonly string[];
} {
  const made = shared.Owners.methods(prototype) ?? {};
  const isMade = (key: PropertyKey) => {
    const found = Object.getOwnPropertyDescriptor(prototype, key)!;
    const { writable, configurable, enumerable } = found;
    return found.value === made[key]?.value && writable! && configurable! && !enumerable;
  };
  return { isMade, removed: Object.keys(made).filter((key) => !Object.hasOwn(prototype, key)) };
}

/** Whether the `prototype` of a generator function is as it was made. */
export function isPristine(prototype: object): boolean {
  const { isMade, removed } = prototypeChanges(prototype);
  return removed.length === 0 && Object.isExtensible(prototype) && Reflect.ownKeys(prototype).every(isMade);
}

// ---- functions

const GeneratorFunction = Object.getPrototypeOf(function* () {});
const AsyncGeneratorFunction = Object.getPrototypeOf(async function* () {});

const generatorPrototype: object = GeneratorFunction.prototype;
const asyncGeneratorPrototype: object = AsyncGeneratorFunction.prototype;

/** Of async generators; handed in by async-generator.ts, which stands above. */
let asyncMethods: GeneratorMethods;
export function setAsyncMethods(methods: GeneratorMethods): void {
  asyncMethods = methods;
}

/** With the attributes that those of the platform have. */
function descriptors(methods: { readonly [name: string]: Callable }): PropertyDescriptorMap {
  const map: PropertyDescriptorMap = {};
  // Not by iteration: the program may have changed that of arrays.
  Object.keys(methods).forEach((name) => {
    map[name] = { value: methods[name], writable: true, enumerable: false, configurable: true };
  });
  return map;
}

/** What generators of one code share. */
interface Family {
  /** Stand in the `prototype` of each function that is made from the code. */
  readonly methods: PropertyDescriptorMap;
  /** Null for async generators. */
  readonly Class: GeneratorClass | null;
  /** The function made last from the code: a method of a class in place, of which there is but one, cannot name itself. */
  last: Callable | undefined;
}

const families = new WeakMap<Code, Family>();

function familyOf(code: Code, Class: GeneratorClass | null = null): Family {
  let family = families.get(code);
  if (family === undefined) {
    const all: { [name: string]: Callable } =
      code.kind === "async-generator" ? { ...asyncMethods } : { ...methods, ...helperMethods };
    if (Class !== null) {
      all["next"] = (Class.prototype as { readonly next: Callable }).next;
      codesByNext.set(all["next"], code);
    }
    family = { methods: descriptors(all), Class, last: undefined };
    if (Class !== null) adopt(Class, family.methods);
    families.set(code, family);
  }
  return family;
}

/** The prototype of a class becomes what the `prototype` of a generator function is. */
function adopt(Class: GeneratorClass, methods: PropertyDescriptorMap): void {
  const own = Class.prototype;
  Reflect.deleteProperty(own, "constructor");
  Object.defineProperties(own, methods);
  Object.setPrototypeOf(own, generatorPrototype);
  shared.classes.byPrototype.set(own, Class);
  // Engines without weak references are none of development servers, which replace modules.
  shared.classes.all.add(typeof WeakRef === "function" ? new WeakRef(Class) : { deref: () => Class });
}

const codesByNext = new WeakMap<object, Code>();

/** The code whose generators have this `next`, and which no other has. */
export function codeOfNext(f: object): Code | undefined {
  return codesByNext.get(f);
}

/** The `next` of the generators of a code. */
export function nextOfCode(code: Code): unknown {
  return familyOf(code).methods["next"]!.value;
}

/**
 * Registers a sync generator function, as `$code` does.
 * @param Class makes its objects, and has their `next`: text of its own for each code, so that V8 inlines the step function there. Its
 *   prototype becomes that of the first function made from the code
 */
export function $generatorCode(
  module: Parameters<typeof $code>[0],
  text: string,
  step: StepFunction,
  Class: GeneratorClass,
  make: Code["make"] = null,
): Code {
  const code = $code(module, text, step, make);
  familyOf(code, Class);
  return code;
}

/** What the generators of `code` that the function `self` makes inherit from (§10.2.1.3). */
function prototypeFor(code: Code, self: Callable | null): object {
  const own: unknown = (self ?? familyOf(code).last)?.prototype;
  if (typeof own === "object" && own !== null) return own;
  return code.kind === "generator" ? generatorPrototype : asyncGeneratorPrototype;
}

/** Whether `next` may just carry it on: it is suspended, and belongs to the current run or to none. */
export function $ready(task: Durable): boolean {
  return task.ip >= START && (task.run === machine.run || task.run.free);
}

/** The result of `next`, from what the step function returned. */
export function $next(task: Durable, value: unknown): Result {
  if (task.ip >= START) return value === $park ? passed(task) : { value, done: false };
  complete(task);
  return { value, done: true };
}

/** The body of a generator threw. */
export function $fail(task: Durable, error: unknown): never {
  complete(task);
  throw error;
}

/** The `next` that a generator of marked code is made with; undefined for anything else. */
export function generatorNext(generator: object): unknown {
  const task = generatorTask(generator);
  if (task === undefined) return undefined;
  if (task.code !== null) return nextOfCode(task.code);
  return task.value instanceof GeneratorQueue ? asyncMethods.next : methods.next;
}

export function isGeneratorNext(f: unknown, generator: object): boolean {
  return generatorTask(generator) !== undefined && (f === methods.next || f === generatorNext(generator));
}

/** Makes what looks like a function a generator function: its [[Prototype]] and its `prototype` (§15.5.3). Returns it. */
export function $generatorFunction<F extends Callable>(f: F, code: Code): F {
  const isAsync = code.kind === "async-generator";
  Object.setPrototypeOf(f, isAsync ? AsyncGeneratorFunction : GeneratorFunction);
  const family = familyOf(code);
  family.last = f;
  const { Class, methods } = family;
  const prototype =
    Class === null || shared.Owners.of(Class.prototype) !== undefined
      ? (Object.create(isAsync ? asyncGeneratorPrototype : generatorPrototype, methods) as object)
      : Class.prototype;
  new shared.Owners(prototype, f, methods);
  // A declared function has a `prototype` that can be set but not defined anew; a method has none.
  Object.defineProperty(f, "prototype", { value: prototype, writable: true });
  return f;
}

/** Makes a method of a class, which is `key` of `holder`, look like the async or generator method that it is. Returns it. */
export function $methodKind(
  holder: { readonly [key: PropertyKey]: Callable },
  key: PropertyKey,
  code: Code,
): Callable {
  return ofKind(holder[key]!, code);
}

/** The same for a private method of the class `made`, which no property leads to. */
export function $privateKind(made: MemberValue["class"], name: string, code: Code): Callable {
  return ofKind(privateMethod(made, name)!, code);
}

function ofKind(f: Callable, code: Code): Callable {
  return code.kind === "async" ? $async(f) : $generatorFunction(f, code);
}

/** Begins a call of a sync generator function: the task whose step function binds the parameters next. */
export function $generator(code: Code, self: Callable | null): Durable {
  return new Durable(machine.run ?? homeOf(self), code);
}

/** Begins a call of an async generator function. */
export function $generatorAsync(code: Code, self: Callable | null): Durable {
  const task = $generator(code, self);
  task.value = new GeneratorQueue();
  return task;
}

function homeOf(self: Callable | null): Run {
  return (self === null ? null : runOf(self)) ?? freeRun;
}

/** The generator object: what the call of its function returns, once its parameters are bound. */
export function $generated(task: Durable, self: Callable | null): object {
  return createGenerator(task, prototypeFor(task.code!, self));
}

/** A generator object of `task` that inherits from `prototype`. */
export function createGenerator(
  task: Durable,
  prototype: object,
  isAsync = task.value instanceof GeneratorQueue,
): object {
  if (shared.Owners.of(prototype) === undefined) {
    return new shared.Tasks(createShell(prototype, isAsync ? asyncMethods : methods, isAsync), task);
  }
  const Class = task.code === null ? null : familyOf(task.code).Class;
  if (Class === null) return new shared.Tasks(Object.create(prototype) as object, task);
  const made = new Class(task);
  if (prototype === Class.prototype) return made;
  Object.setPrototypeOf(made, prototype);
  return new shared.Tasks(made, task);
}

// ---- sync generators

export interface Result {
  value: unknown;
  done: boolean;
}

/** GeneratorResume and GeneratorResumeAbrupt (§27.5.3.3, §27.5.3.4) */
function resume(object: unknown, value: unknown, mode: ResumeMode, name: string): Result {
  const task = generatorTask(object) ?? strayTask(object);
  if (task === undefined || task.value instanceof GeneratorQueue) throw incompatible(object, name);
  if (task.run !== machine.run && !task.run.free) return resumeElsewhere(task, value, mode);
  return carryOn(task, value, mode);
}

function carryOn(task: Durable, value: unknown, mode: ResumeMode): Result {
  const { ip, state } = task;
  if (ip === RUNNING) throw new TypeError("Generator is already running");
  if (state !== PENDING || (ip === START && mode !== NEXT)) {
    complete(task);
    if (mode === THROW) throw value;
    return { value: mode === RETURN ? value : undefined, done: true };
  }
  try {
    return $next(task, task.code!.step!(task, value, mode as never));
  } catch (error) {
    return $fail(task, error);
  }
}

/** What `yield*` got from the iterator that it delegates to is passed on as it is. */
function passed(task: Durable): Result {
  const result = task.value as Result;
  task.value = undefined;
  return result;
}

function complete(task: Durable): void {
  task.state = FULFILLED;
  task.frame = null;
  task.ip = 0;
}

/** Unmarked code, or the code of another run, has got hold of the generator of a run. */
function resumeElsewhere(task: Durable, value: unknown, mode: ResumeMode): Result {
  const { run } = machine;
  if (run !== null && !run.free) throw foreignGenerator(task, run);
  return inRun(task.run, () => carryOn(task, value, mode));
}

export function foreignGenerator(task: Durable, run: Run): ColdframeError {
  return new ColdframeError(
    "CF2002",
    `a generator${task.code === null ? "" : ` of ${task.code.id}`} made in run "${task.run.id}" is used in run "${run.id}". Runs share module variables: keep generators out of them`,
  );
}

export function incompatible(object: unknown, name: string): TypeError {
  const what = typeof object === "symbol" ? "a symbol" : Object.prototype.toString.call(object);
  return new TypeError(`${name} method called on incompatible receiver ${what}`);
}

/** `yield*` of a sync generator: `result` goes to the caller of `next` without being opened. */
export function $pass(task: Durable, result: unknown): typeof $park {
  task.value = result;
  return $park;
}

/** `next` out of the ordinary: it is running, has ended, belongs to another run, or is none. */
export function $resume(object: unknown, value: unknown): Result {
  return resume(object, value, NEXT, "next");
}

const methods: GeneratorMethods = {
  next(this: unknown, value: unknown): Result {
    return $resume(this, value);
  },
  return(this: unknown, value: unknown): Result {
    return resume(this, value, RETURN, "return");
  },
  throw(this: unknown, value: unknown): Result {
    return resume(this, value, THROW, "throw");
  },
};

// `next` is read once by a loop and kept in its iteration: it has to have a name to be saved.
$module("coldframe/machine.generators", "1", {
  next: () => methods.next,
  return: () => methods.return,
  throw: () => methods.throw,
});
