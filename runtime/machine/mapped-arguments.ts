/**
 * Arguments objects of sloppy functions whose parameters have moved into a scope record (ECMA-262 §10.4.4): the record leads to the
 * parameters of an activation that was made for the purpose, so the engine itself keeps them and the arguments object together, and
 * parts them when an element is deleted or redefined.
 */

type RecordClass = new () => object;
type Fields = { [name: string]: unknown };

interface Template {
  /** Variables by position. */
  readonly params: readonly string[];
  /** A sloppy function with these parameters: its arguments object, and accessors of its parameters. */
  readonly activate: (...args: unknown[]) => readonly [args: object, accessors: object];
}

export interface Mapping {
  readonly record: object;
  readonly params: readonly string[];
}

const templates = new WeakMap<RecordClass, Template>();
const mappings = new WeakMap<object, Mapping>();

/** Registers how the parameters in records of a class are kept together with an arguments object. Returns the class. */
export function $mapped<C extends RecordClass>(
  Record: C,
  params: readonly string[],
  activate: Template["activate"],
): C {
  templates.set(Record, { params, activate });
  return Record;
}

/** The record of a call: its parameters, and as the variable `arguments` an object like `given`, which nobody has seen yet. */
export function $link(Record: RecordClass, given: ArrayLike<unknown>): object {
  const record = new Record() as Fields;
  const args = activate(record, Record, given);
  const callee = Object.getOwnPropertyDescriptor(given, "callee");
  if (callee !== undefined) Object.defineProperty(args, "callee", callee);
  record["arguments"] = args;
  return record;
}

function activate(record: object, Record: RecordClass, given: ArrayLike<unknown>): object {
  const template = templates.get(Record);
  if (template === undefined) throw new TypeError("a record without parameters");
  const made = Reflect.apply(template.activate, undefined, Array.from(given));
  const args = made[0];
  Object.defineProperties(record, Object.getOwnPropertyDescriptors(made[1]));
  mappings.set(args, { record, params: template.params });
  return args;
}

/** Makes the arguments object of a record that was saved, with `count` elements. */
export function linkAgain(record: object, count: number): object {
  const saved = { ...record } as Fields;
  const args = activate(record, record.constructor as RecordClass, new Array<unknown>(count));
  for (const name of Object.keys(saved)) (record as Fields)[name] = saved[name];
  return args;
}

export function mappingOf(args: object): Mapping | undefined {
  return mappings.get(args);
}

/** Whether an element and its parameter are still one variable. There is no way but to try. */
export function isMapped(args: object, index: number, { record, params }: Mapping): boolean {
  const name = params[index];
  const found = Object.getOwnPropertyDescriptor(args, index);
  if (name === undefined || params.lastIndexOf(name) !== index || found === undefined || !("value" in found))
    return false;
  const fields = record as Fields;
  const value = fields[name];
  const probe = {};
  fields[name] = probe;
  const isOne = (args as readonly unknown[])[index] === probe;
  fields[name] = value;
  return isOne;
}
