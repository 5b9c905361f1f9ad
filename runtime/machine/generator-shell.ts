/**
 * Generator objects that the platform's own `next` can carry on: for those that inherit from something that no generator function of marked
 * code was made with, as where somebody has replaced its `prototype` and they inherit from %GeneratorPrototype% alone (ECMA-262 §10.2.1.3).
 * A native generator delegates to the machine. It is under way from the start, so that the platform passes everything on.
 */
import type { Callable } from "./durable.ts";

export interface GeneratorMethods {
  readonly next: Callable;
  readonly return: Callable;
  readonly throw: Callable;
}

/** What the native generator delegates to: the methods of the machine, called on the native generator itself. */
class Driver {
  shell!: object;
  readonly #methods: GeneratorMethods;
  #begun = false;

  constructor(methods: GeneratorMethods) {
    this.#methods = methods;
  }

  next(value: unknown): unknown {
    if (this.#begun) return Reflect.apply(this.#methods.next, this.shell, [value]);
    this.#begun = true;
    return { value: undefined, done: false };
  }

  return(value: unknown): unknown {
    return Reflect.apply(this.#methods.return, this.shell, [value]);
  }

  throw(error: unknown): unknown {
    return Reflect.apply(this.#methods.throw, this.shell, [error]);
  }

  [Symbol.iterator](): Iterator<unknown> {
    return this as Iterator<unknown>;
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this as never;
  }
}

function* drive(driver: Driver): Generator<unknown, unknown, unknown> {
  return yield* driver as Iterable<unknown>;
}

async function* driveAsync(driver: Driver): AsyncGenerator<unknown, unknown, unknown> {
  return yield* driver as AsyncIterable<unknown>;
}

/** A native generator, sync or async, that inherits from `prototype`. The caller makes the task known by it. */
export function createShell(prototype: object, methods: GeneratorMethods, isAsync: boolean): object {
  const driver = new Driver(methods);
  const shell = isAsync ? driveAsync(driver) : drive(driver);
  void shell.next();
  driver.shell = shell;
  return Object.setPrototypeOf(shell, prototype) as object;
}
