/**
 * `super()` of arrow functions that outlive their constructor. Nothing is saved while a constructor runs, so what a restore makes is
 * only ever called afterwards: it constructs, binds `this` in the scope record, and initialises the fields (ECMA-262 §13.3.7.1).
 */
import { TDZ } from "../../../abi/index.ts";
import { type Construction, machine, stamp, superCallCode } from "../../machine/index.ts";

type Constructor = new (...args: unknown[]) => object;

function restoreSuperCall(construction: Construction) {
  const call = (...args: unknown[]): object => {
    const made = construction.class as Constructor;
    const parent = Object.getPrototypeOf(made) as Constructor;
    const object = Reflect.construct(parent, args, construction["new.target"] as Constructor) as object;
    if (construction.this !== TDZ) throw new ReferenceError("Super constructor may only be called once");
    construction.this = object;
    initialise(made, object);
    return object;
  };
  return stamp(call, superCallCode, [construction], machine.run);
}

Object.assign(superCallCode, { make: restoreSuperCall });

/**
 * InitializeInstanceElements (§7.3.34) of a derived class: for the moment its parent is a function that returns the object, and
 * its constructor returns behind `super()`.
 */
function initialise(made: Constructor, object: object): void {
  const outer = machine.allocating;
  const parent = Object.getPrototypeOf(made) as object | null;
  function Parent(): object {
    machine.allocating = outer;
    Object.setPrototypeOf(made, parent);
    return object;
  }
  Object.setPrototypeOf(made, Parent);
  machine.allocating = object;
  Reflect.construct(made, []);
}
